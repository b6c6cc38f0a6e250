import assert from "node:assert/strict";
import { ConfigError } from "../../src/core/errors";
import { renderTable } from "../../src/display/formats";
import { layTable, type Estimate, type Table } from "../../src/display/table";

interface Row {
  readonly model: string;
  readonly hit: Estimate | undefined;
  readonly arp: number;
  readonly ours: boolean;
}

const rows: Row[] = [
  { model: "POP", hit: { mean: 0.05, mark: "†" }, arp: 201.2, ours: true },
  { model: "SASRec_2 <b>", hit: { mean: 0.12345, sd: 0.004 }, arp: 90, ours: true },
  { model: "RecBole | 1", hit: { mean: 0.9 }, arp: 1, ours: false },
];
const table: Table<Row> = {
  title: "Demo & 100 %",
  columns: [
    { header: "model", cell: (row) => row.model },
    { header: "HR@10", cell: (row) => row.hit, best: "high" },
    { header: "ARP", cell: (row) => row.arp, digits: 1 },
  ],
  rows,
  competes: (row) => row.ours,
  protocol: "toy, full ranking",
  results: ["demo-pop", "demo-sasrec"],
  notes: ["† p < .05"],
};

describe("renderTable", () => {
  it("aligns numbers in text, marks the best of the rows that compete, and ends with protocol and results", () => {
    assert.equal(
      renderTable(table, "text"),
      [
        "Demo & 100 %",
        "",
        "model                    HR@10    ARP",
        "------------  ----------------  -----",
        "POP                    0.0500†  201.2",
        "SASRec_2 <b>  0.1235 ± 0.0040*   90.0",
        "RecBole | 1            0.9000     1.0",
        "",
        "* best of its column",
        "† p < .05",
        "Protocol: toy, full ranking",
        "Results: demo-pop, demo-sasrec",
        "",
      ].join("\n"),
    );
  });

  it("writes Markdown with escaped bars and brackets", () => {
    assert.equal(
      renderTable(table, "markdown"),
      [
        "**Demo & 100 %**",
        "",
        "| model | HR@10 | ARP |",
        "| --- | ---: | ---: |",
        "| POP | 0.0500† | 201.2 |",
        "| SASRec_2 \\<b> | **0.1235 ± 0.0040** | 90.0 |",
        "| RecBole \\| 1 | 0.9000 | 1.0 |",
        "",
        "† p < .05",
        "",
        "Protocol: toy, full ranking",
        "",
        "Results: `demo-pop`, `demo-sasrec`",
        "",
      ].join("\n"),
    );
  });

  it("writes LaTeX for booktabs with everything special escaped", () => {
    assert.equal(
      renderTable(table, "latex"),
      [
        "\\begin{table}",
        "\\caption{Demo \\& 100 \\%}",
        "\\begin{tabular}{lrr}",
        "  \\toprule",
        "  model & HR@10 & ARP \\\\",
        "  \\midrule",
        "  POP & 0.0500$^{\\dagger}$ & 201.2 \\\\",
        "  SASRec\\_2 <b> & \\textbf{0.1235 $\\pm$ 0.0040} & 90.0 \\\\",
        "  RecBole | 1 & 0.9000 & 1.0 \\\\",
        "  \\bottomrule",
        "\\end{tabular}",
        "\\par\\footnotesize $\\dagger$ p < .05",
        "\\par\\footnotesize Protocol: toy, full ranking",
        "\\par\\footnotesize Results: demo-pop, demo-sasrec",
        "\\end{table}",
        "",
      ].join("\n"),
    );
  });

  it("writes HTML with headers for screen readers and nothing unescaped", () => {
    const html = renderTable(table, "html");
    assert.ok(html.includes('<th scope="row">SASRec_2 &lt;b&gt;</th><td class="number"><strong>0.1235 ± 0.0040</strong></td>'), html);
    assert.ok(html.includes("<caption>Demo &amp; 100 %</caption>"));
    assert.ok(html.includes('<td class="number">0.0500<sup>†</sup></td>'));
    assert.ok(html.includes("Protocol: toy, full ranking"));
    assert.ok(!html.includes("<b>"));
  });

  it("refuses a table without its protocol or its results", () => {
    assert.throws(() => renderTable({ ...table, protocol: " " }, "text"), ConfigError);
    assert.throws(() => renderTable({ ...table, results: [] }, "markdown"), /found no result ids/);
  });

  it("shows intervals, missing values, and ties of the best as they print", () => {
    const laid = layTable<number | undefined>({
      ...table,
      columns: [
        { header: "x", cell: (row) => row, digits: 2, best: "low" },
        { header: "interval", cell: (row) => (row === undefined ? row : { mean: row, low: row - 1, high: row + 1 }), digits: 0 },
      ],
      rows: [1.001, 1.004, 2, undefined],
      competes: undefined,
    });
    assert.deepEqual(laid.rows.map((row) => [row[0]!.text, row[0]!.best]), [["1.00", true], ["1.00", true], ["2.00", false], ["-", false]]);
    assert.deepEqual(laid.rows.map((row) => row[1]!.text), ["1 [0, 2]", "1 [0, 2]", "2 [1, 3]", "-"]);
  });
});
