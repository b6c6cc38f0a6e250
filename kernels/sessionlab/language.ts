/** Answers about code that is being written: completion, inspection, whether it is whole. */
import ts from "typescript";
import { lazyNames } from "./program";
import type { Session } from "./session";

/** Jupyter counts characters of Unicode, JavaScript counts UTF-16 units. */
export function toUnits(text: string, characters: number): number {
  let units = 0;
  for (const character of text) {
    if (characters-- <= 0) break;
    units += character.length;
  }
  return units;
}

export function toCharacters(text: string, units: number): number {
  return [...text.slice(0, units)].length;
}

/** What names are, in the words of the front ends' icons. */
const kinds: Readonly<Partial<Record<string, string>>> = {
  const: "constant", let: "variable", var: "variable", "local var": "variable", alias: "module", getter: "property", setter: "property",
  "enum member": "enum", type: "type", "type parameter": "type", "local function": "function", warning: "text",
};

/** The content of a complete_reply. */
export function completeReply(session: Session, source: string, cursor: number): object {
  const position = toUnits(source, cursor);
  const { start, end, candidates, original } = session.complete(source, position);
  const typed = source.slice(start, position);
  const lower = typed.toLowerCase();
  const own = /(^|[^.\w$])$/.test(source.slice(0, start)) ? lazyNames.filter((name) => typed !== "" && name.startsWith(typed) && !candidates.includes(name)) : [];
  const all = [...new Set([...own, ...candidates])];
  // What begins as it was typed; else what begins so in other letters; else what contains it.
  const matches = [(name: string) => name.startsWith(typed), (name: string) => name.toLowerCase().startsWith(lower), () => true].map((rule) => all.filter(rule)).find(({ length }) => length > 0) ?? [];
  const kindOf = new Map(original?.entries.map(({ name, kind }) => [name, kinds[kind] ?? kind]));
  const [from, to] = [toCharacters(source, start), toCharacters(source, end)];
  const types = matches.slice(0, 500).map((text) => ({ start: from, end: to, text, type: kindOf.get(text) ?? "namespace" }));
  return { status: "ok", matches, cursor_start: from, cursor_end: to, metadata: { _jupyter_types_experimental: types } };
}

/** The content of an inspect_reply. */
export function inspectReply(session: Session, source: string, cursor: number): object {
  const position = toUnits(source, cursor);
  // At the end of a word, the word is meant.
  const info = session.inspect(source, position) ?? (position > 0 ? session.inspect(source, position - 1) : undefined);
  if (info === undefined) return { status: "ok", found: false, data: {}, metadata: {} };
  const signature = ts.displayPartsToString(info.displayParts);
  const documentation = ts.displayPartsToString(info.documentation);
  const tags = (info.tags ?? []).map(({ name, text }) => ({ name, text: ts.displayPartsToString(text) }));
  const plain = [signature, documentation, ...tags.map(({ name, text }) => `@${name} ${text}`)].filter((part) => part !== "").join("\n\n");
  const rest = tags.map(({ name, text }) => (name === "example" ? `**Example**\n\`\`\`typescript\n${text.replace(/^```\w*\n|\n```$/g, "")}\n\`\`\`` : `*@${name}* ${text}`));
  const markdown = [`\`\`\`typescript\n${signature}\n\`\`\``, documentation, ...rest].filter((part) => part !== "").join("\n\n");
  return { status: "ok", found: true, data: { "text/plain": plain, "text/markdown": markdown }, metadata: {} };
}

/** Faults at the end of the text that more text may mend: an open template, comment or bracket. */
const open: readonly number[] = [1010, 1160];

/** The content of an is_complete_reply. */
export function isCompleteReply(source: string): object {
  const file = ts.createSourceFile("cell.tsx", source, { languageVersion: ts.ScriptTarget.Latest }, false, ts.ScriptKind.TS) as ts.SourceFile & {
    readonly parseDiagnostics: readonly ts.DiagnosticWithLocation[];
  };
  const faults = file.parseDiagnostics;
  if (faults.length === 0) return { status: "complete" };
  const end = source.trimEnd().length;
  const first = faults[0]!;
  if (first.start < end && !faults.some(({ code }) => open.includes(code))) return { status: "invalid" };
  if (/\n[ \t]*\n[ \t]*$/.test(source)) return { status: "invalid" }; // two empty lines: there will be no more
  return { status: "incomplete", indent: indentAfter(source) };
}

/** Two spaces more after a line that opens something. */
function indentAfter(source: string): string {
  const line = source.trimEnd().split("\n").at(-1)!;
  const current = /^\s*/.exec(line)![0];
  return /[{([]\s*$|=>\s*$/.test(line) ? `${current}  ` : current;
}
