/**
 * The persona explorer: choose a node, see its history, its meta-paths, its persona and the nearest; switch meta-paths off and
 * watch the vector move. All states are in the output, so it works wherever a script may run (JupyterLab, VS Code, nbviewer,
 * a saved page) and without the kernel; where none runs, the first node stands there as tables. Texts are set as text, never as HTML.
 */
import type { Layout, PlotData } from "plotly.js";
import { ConfigError } from "../core/errors";
import { hashOf } from "../core/hash";
import type { ExploredNode, PersonaExploration, PersonaState } from "../personas/exploration";
import { literal, type Figure } from "./figure";
import { escapeHtml } from "./formats";
import { colours } from "./graphs";
import type { MimeBundle, Renderer } from "./mime";
import { clip, panelBundle, percent, type Panel } from "./panel";
import { has, list, object, text } from "./shapes";

/** Dots of the map at most; of more nodes every so many are drawn. */
const mostDots = 1500;
const [width, height] = [420, 340];

function nameOf({ label, id }: { readonly id: string; readonly label?: string }): string {
  return clip(label ?? id, 60);
}

/** "user-item-genre-item-user" without what all have: "item – genre – item". */
function short(path: string): string {
  return path.split("-").slice(1, -1).join(" – ");
}

/** One node and one of its states in words, for pages without scripts. */
function statePanel({ type, paths }: PersonaExploration, { view, states }: ExploredNode, state: PersonaState): Panel {
  const rows = paths.map((path) => {
    const own = view.paths.find(({ name }) => name === path);
    const alone = states.find(({ off }) => off.length === 1 && off[0] === path);
    return [short(path), percent(state.weights[path] ?? 0), own === undefined ? undefined : percent(own.share), alone === undefined ? undefined : alone.moved.toFixed(2), own?.neighbours.slice(0, 3).map(nameOf).join(", ")];
  });
  return {
    title: `${type} ${nameOf(view)}: ${state.persona}`,
    facts: [`membership ${percent(state.membership)}`],
    grids: [
      { caption: "what its vector hangs on", headers: ["item", "moved without it"], rows: view.items.map((item) => [nameOf(item), item.moved?.toFixed(2)]) },
      { caption: "meta-paths", headers: ["over", "counts", "gives", "moved without it", "sees most"], rows },
      { caption: "nearest", headers: [type, "persona", "likeness"], rows: state.nearest.map((one) => [nameOf(one), one.persona, one.likeness.toFixed(3)]) },
      ...(state.candidates === undefined ? [] : [{ caption: "list", headers: ["item", "score"], rows: state.candidates.map(({ title, score }) => [title, score.toPrecision(3)]) }]),
    ],
  };
}

/** Where points lie in the picture: it spans what 98 of 100 nodes do, and some room; what is farther away is at its edge. */
function scales({ map }: PersonaExploration): { readonly x: (value: number) => number; readonly y: (value: number) => number } {
  const scale = (values: Float32Array, size: number): ((value: number) => number) => {
    const sorted = values.slice().sort();
    const [low, high] = [0.01, 0.99].map((share) => sorted[Math.round(share * (sorted.length - 1))]!) as [number, number];
    const span = high > low ? high - low : 1;
    return (value) => Number((8 + Math.min(Math.max((value - low) / span / 1.5 + 1 / 6, 0), 1) * (size - 16)).toFixed(1));
  };
  return { x: scale(map.x, width), y: scale(map.y, height) };
}

/** What the script works on: short keys, because it stands in the notebook. */
function plainData(exploration: PersonaExploration): object {
  const { type, paths, switched, personas, nodes, map } = exploration;
  const { x, y } = scales(exploration);
  const position = new Map(map.ids.map((id, at) => [id, at]));
  const three = (value: number): number => Number(value.toPrecision(3));
  return {
    type,
    paths: paths.map(short),
    switched: switched.map((path) => paths.indexOf(path)),
    nodes: nodes.map(({ view, states }) => ({
      name: nameOf(view),
      group: map.group[position.get(view.id)!],
      memberships: view.memberships.slice(0, 3).map(({ persona, membership }) => `${persona} ${percent(membership)}`),
      items: view.items.map((item) => [nameOf(item), item.moved === undefined ? "-" : item.moved.toFixed(2)]),
      gives: paths.map((path) => view.paths.find(({ name }) => name === path)).map((own) => (own === undefined ? ["-", ""] : [percent(own.share), own.neighbours.slice(0, 3).map(nameOf).join(", ")])),
      states: states.map((state) => ({
        off: state.off.map((path) => paths.indexOf(path)),
        place: [x(state.place[0]), y(state.place[1])],
        moved: three(state.moved),
        persona: [personas.indexOf(state.persona), three(state.membership)],
        weights: paths.map((path) => three(state.weights[path] ?? 0)),
        near: state.nearest.map((one) => [nameOf(one), personas.indexOf(one.persona), three(one.likeness)]),
        ...(state.candidates === undefined ? {} : { list: state.candidates.map(({ title, score }) => [clip(title, 80), three(score)]) }),
      })),
    })),
    personas,
    colours,
  };
}

/** The map's dots; the script puts the chosen node's marks over them. */
function mapSvg(exploration: PersonaExploration): string {
  const { map } = exploration;
  const { x, y } = scales(exploration);
  const every = Math.ceil(map.ids.length / mostDots);
  const byGroup = exploration.personas.map((_, group) => {
    const own = map.ids.map((_id, n) => n).filter((n) => n % every === 0 && map.group[n] === group);
    // One path of dots a group: round ends of lines without a length.
    return `<path d="${own.map((n) => `M${x(map.x[n]!)} ${y(map.y[n]!)}h0`).join("")}" stroke="${colours[group % colours.length]}" stroke-width="5" stroke-linecap="round" stroke-opacity=".5" fill="none"/>`;
  });
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Map of all ${escapeHtml(exploration.type)}s by persona">${byGroup.join("")}<g data-part="marks"></g></svg>`;
}

/** Runs in the page. `ID` is replaced. */
const script = `for (const root of document.querySelectorAll('[data-explorer="ID"]:not([data-live])')) {
  root.dataset.live = "";
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const make = (tag, text, style, ...inside) => {
    const one = document.createElement(tag);
    if (text !== undefined) one.textContent = text;
    if (style) one.style.cssText = style;
    one.append(...inside);
    return one;
  };
  const part = (name) => root.querySelector('[data-part="' + name + '"]');
  const cut = "text-align:left;padding:1px 10px 1px 0;vertical-align:top";
  const table = (title, heads, rows) => make("table", undefined, "border-collapse:collapse;margin:0 0 10px 0;font-size:13px", make("caption", title, "text-align:left;font-weight:600"),
    make("thead", undefined, "", make("tr", undefined, "", ...heads.map((head) => make("th", head, cut + ";font-weight:400;opacity:.7")))),
    make("tbody", undefined, "", ...rows.map((row) => make("tr", undefined, "", ...row.map((cell) => (cell instanceof Node ? make("td", undefined, cut, cell) : make("td", String(cell), cut)))))));
  const badge = (group) => make("span", data.personas[group], "border-left:8px solid " + data.colours[group % data.colours.length] + ";padding-left:5px");
  const share = (value) => (100 * value).toFixed(1) + " %";
  const bar = (value) => make("span", share(value), "display:inline-block;white-space:nowrap;padding-left:4px;border-left:" + Math.round(120 * value) + "px solid #2f6fbd");
  const select = make("select");
  select.setAttribute("aria-label", data.type);
  data.nodes.forEach((node, at) => select.append(Object.assign(make("option", node.name + " (" + data.personas[node.group] + ")"), { value: at })));
  const boxes = data.switched.map((path) => {
    const box = Object.assign(make("input"), { type: "checkbox", checked: true });
    return { path, box, label: make("label", undefined, "margin-left:12px;white-space:nowrap", box, " " + data.paths[path]) };
  });
  part("controls").append(make("label", undefined, "", data.type + " ", select), ...boxes.map(({ label }) => label));
  part("controls").hidden = false;
  const svg = (tag, attributes) => {
    const one = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
    return one;
  };
  const show = () => {
    const node = data.nodes[select.value];
    const off = boxes.filter(({ box }) => !box.checked).map(({ path }) => path);
    const whole = node.states[0];
    const state = node.states.find((one) => one.off.length === off.length && off.every((path) => one.off.includes(path)));
    const last = data.paths.length - off.length <= 1;
    for (const { box } of boxes) box.disabled = last && box.checked; // one path must stay
    const [x, y] = whole.place;
    const [to, down] = state.place;
    const colour = data.colours[state.persona[0] % data.colours.length];
    part("marks").replaceChildren(
      svg("line", { x1: x, y1: y, x2: to, y2: down, stroke: "currentColor", "stroke-width": 2 }),
      svg("circle", { cx: x, cy: y, r: 6, fill: "none", stroke: "currentColor", "stroke-width": 2 }),
      svg("circle", { cx: to, cy: down, r: 7, fill: colour, stroke: "currentColor", "stroke-width": 2 }));
    part("head").replaceChildren(badge(state.persona[0]), " membership " + share(state.persona[1]) + (off.length === 0 ? "; " + node.memberships.join(", ") : "; the vector moved by " + state.moved.toFixed(2) + " of the usual distance of two " + data.type + "s"));
    part("tables").replaceChildren(
      table("meta-paths", ["over", "counts", "gives", "sees most"], data.paths.map((path, at) => [path, off.includes(at) ? "off" : bar(state.weights[at]), node.gives[at][0], node.gives[at][1]])),
      table("nearest", [data.type, "persona", "likeness"], state.near.map(([name, group, likeness]) => [name, badge(group), likeness.toFixed(3)])),
      ...(state.list ? [table("list", ["item", "score", ""], state.list.map(([title, score], at) => {
        const before = whole.list.findIndex(([other]) => other === title);
        return [title, score, off.length === 0 || before === at ? "" : before < 0 ? "new" : before > at ? "\\u2191 " + (before - at) : "\\u2193 " + (at - before)];
      }))] : []));
    part("history").replaceChildren(table("history, what the vector hangs on first", ["item", "moved without it"], node.items));
  };
  root.addEventListener("change", show);
  part("still").remove();
  show();
}`;

function explorerHtml(exploration: PersonaExploration): string {
  const [first] = exploration.nodes;
  const still = panelBundle(statePanel(exploration, first!, first!.states[0]!))["text/html"] as string;
  const json = JSON.stringify(plainData(exploration)).replaceAll("<", "\\u003c");
  const id = hashOf(json).slice(0, 12);
  return [
    `<div data-explorer="${id}">`,
    '<div data-part="controls" style="margin:4px 0 8px 0" hidden></div>',
    '<div data-part="head" style="margin:0 0 8px 0"></div>',
    '<div style="display:flex;flex-wrap:wrap;gap:20px;align-items:flex-start">',
    `<div>${mapSvg(exploration)}<div data-part="history"></div></div>`,
    '<div data-part="tables"></div>',
    "</div>",
    `<div data-part="still">${still}</div>`,
    `<script type="application/json">${json}</script>`,
    `<script>${script.replaceAll("ID", id)}</script>`,
    "</div>",
  ].join("\n");
}

function explorerBundle(exploration: PersonaExploration): MimeBundle {
  const [first] = exploration.nodes;
  return { "text/html": explorerHtml(exploration), "text/plain": panelBundle(statePanel(exploration, first!, first!.states[0]!))["text/plain"] };
}

/** What `explorePersonas` returns. */
export const explorerRenderer: Renderer = {
  matches: (value) => has(value, { type: text, paths: list, switched: list, personas: list, map: object, nodes: (nodes) => Array.isArray(nodes) && nodes.length > 0 && nodes.every((node) => has(node, { view: object, states: list })) }),
  render: (value) => explorerBundle(value as PersonaExploration),
};

/**
 * The map of personas as a figure: every node by its group, and one node with where it goes when a meta-path is switched off.
 * @param node of the exploration; without one, the map alone
 * @throws ConfigError for a node that was not explored
 * @example
 * import { personaMapFigure } from "sessionlab";
 * const map = { ids: ["u", "v"], x: Float32Array.of(0, 1), y: Float32Array.of(0, 1), group: Int32Array.of(0, 1) };
 * const figure = personaMapFigure({ type: "user", paths: [], switched: [], personas: ["War", "Drama"], map, nodes: [] });
 * assert.deepEqual(figure.data.map(({ name }) => name), ["War", "Drama"]);
 */
export function personaMapFigure(exploration: PersonaExploration, node?: string): Figure {
  const { map, personas, type, nodes } = exploration;
  const shown = node === undefined ? undefined : nodes.find(({ view }) => view.id === node);
  if (node !== undefined && shown === undefined) throw new ConfigError(`Expected a ${type} that was explored (${nodes.slice(0, 10).map(({ view }) => view.id).join(", ")}), found "${node}"`);
  const rounded = (value: number): number => Number(value.toPrecision(4));
  const groups = personas.map((name, group): Partial<PlotData> => {
    const own = map.ids.map((_, n) => n).filter((n) => map.group[n] === group);
    return {
      type: "scatter", mode: "markers", name: literal(clip(name, 48)),
      x: own.map((n) => rounded(map.x[n]!)), y: own.map((n) => rounded(map.y[n]!)), text: own.map((n) => literal(map.ids[n]!)), hovertemplate: "%{text}",
      marker: { size: 6, color: colours[group % colours.length], opacity: shown === undefined ? 0.7 : 0.35 },
    };
  });
  const single = shown?.states.filter(({ off }) => off.length < 2) ?? [];
  const whole = single[0]?.place;
  const marks: Partial<PlotData>[] = shown === undefined ? [] : [
    ...single.slice(1).map(({ place, off, moved }, at): Partial<PlotData> => ({
      type: "scatter", mode: "lines+markers", name: literal(`without ${short(off[0]!)} (${moved.toFixed(2)})`), x: [whole![0], place[0]].map(rounded), y: [whole![1], place[1]].map(rounded),
      line: { color: "#111111", width: 1.5 }, marker: { size: 10, symbol: (["circle", "square", "diamond", "cross", "x", "triangle-up"] as const)[at % 6], color: "#ffffff", line: { color: "#111111", width: 1.5 } },
    })),
    { type: "scatter", mode: "markers", name: literal(`${type} ${nameOf(shown.view)}`), x: [rounded(whole![0])], y: [rounded(whole![1])], marker: { size: 16, symbol: "star", color: "#111111" } },
  ];
  const axis: Partial<Layout["xaxis"]> = { showticklabels: false, zeroline: false };
  const title = shown === undefined ? `Personas of ${map.ids.length} ${type}s` : `${type} ${nameOf(shown.view)}, and where it goes without a meta-path`;
  const layout: Partial<Layout> = {
    title: { text: literal(title) }, xaxis: { ...axis, title: { text: "first principal direction" } }, yaxis: { ...axis, title: { text: "second" } },
    legend: { orientation: "v", font: { size: 11 } }, width: 760, height: 460, margin: { t: 50, l: 40, r: 20, b: 45 },
  };
  return { data: [...groups, ...marks], layout };
}
