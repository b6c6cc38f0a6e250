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

/** @returns the changed text, and the way back from an offset in it */
export function apply(text: string, edits: readonly Edit[]): { readonly text: string; before(offset: number): number } {
  const ordered = edits.map((edit, i) => ({ ...edit, i })).sort((a, b) => a.start - b.start || a.end - b.end || a.i - b.i);
  const pieces: { readonly from: number; readonly at: number }[] = []; // unchanged text: where it begins, before and now
  let result = "";
  let at = 0;
  for (const { start, end, text: replacement } of ordered) {
    pieces.push({ from: at, at: result.length });
    const lines = text.slice(start, end).replace(/[^\n]/g, ""); // what is removed leaves its line breaks
    result += text.slice(at, start) + replacement + lines;
    at = end;
  }
  pieces.push({ from: at, at: result.length });
  return {
    text: result + text.slice(at),
    before(offset) {
      const index = Math.max(0, pieces.findLastIndex((piece) => piece.at <= offset));
      const { from, at: begin } = pieces[index]!;
      return Math.min(from + offset - begin, ordered[index]?.start ?? text.length, text.length);
    },
  };
}
