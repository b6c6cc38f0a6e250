/** Changes of a text, all made at once, with the way back from the changed text to the first one. */

/** What stands between two offsets becomes another text. Of edits at one place, the first one given comes first. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** An edit that removes nothing. */
export function insert(at: number, text: string): Edit {
  return { start: at, end: at, text };
}

/** A changed text, with how far an offset in it was moved. */
export interface Changed {
  readonly text: string;
  /** For each stretch of unchanged text: where it begins now, where it began, where it ended. */
  readonly stretches: Int32Array;
}

export function apply(text: string, edits: readonly Edit[]): Changed {
  const ordered = edits.map((edit, i) => ({ ...edit, i })).sort((a, b) => a.start - b.start || a.end - b.end || a.i - b.i);
  const stretches: number[] = [];
  let result = "";
  let at = 0;
  for (const { start, end, text: replacement } of ordered) {
    stretches.push(result.length, at, start);
    const lines = text.slice(start, end).replace(/[^\n]/g, ""); // what is removed leaves its line breaks
    result += text.slice(at, start) + replacement + lines;
    at = end;
  }
  stretches.push(result.length, at, text.length);
  return { text: result + text.slice(at), stretches: Int32Array.from(stretches) };
}

/** The way back from a line and column (0-based) of the changed text to those before: it holds numbers, and no text. */
export function wayBack(before: string, { text, stretches }: Changed): (line: number, column: number) => { readonly line: number; readonly column: number } {
  return backBy(lineStarts(before), lineStarts(text), stretches);
}

function backBy(startsBefore: Int32Array, starts: Int32Array, stretches: Int32Array): ReturnType<typeof wayBack> {
  return (line, column) => {
    const offset = starts[Math.min(line, starts.length - 1)]! + column;
    let at = 0;
    while (at + 3 < stretches.length && stretches[at + 3]! <= offset) at += 3;
    const old = Math.min(stretches[at + 1]! + offset - stretches[at]!, stretches[at + 2]!);
    const found = startsBefore.findLastIndex((start) => start <= old);
    return { line: found, column: old - startsBefore[found]! };
  };
}

function lineStarts(text: string): Int32Array {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return Int32Array.from(starts);
}
