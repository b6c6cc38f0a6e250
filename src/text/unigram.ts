/**
 * Words to pieces by the most likely way to cut a text (a unigram language model: Kudo, 2018, arXiv 1804.10959), as the
 * Universal Sentence Encoder's JavaScript tokenizer does it, bit by bit: its ids are what the weights were published with.
 *   best(end) = max over pieces that end there of best(start) + score(piece); a character that begins no piece is unknown.
 */

/** A vocabulary: pieces with their log-probabilities; the first ones are reserved. */
export type PieceVocabulary = readonly (readonly [piece: string, score: number])[];

const reserved = 6;
const unknown = 0;
const space = "\u2581";

/** Makes piece ids of a text. */
export function unigramTokeniser(vocabulary: PieceVocabulary): (text: string) => number[] {
  const pieces = new Map(vocabulary.slice(reserved).map(([piece, score], n) => [piece, { id: n + reserved, score }] as const));
  const longest = vocabulary.reduce((most, [piece]) => Math.max(most, [...piece].length), 0);
  return (text) => {
    const normal = text.normalize("NFKC");
    const symbols = [...(normal === "" ? "" : space + normal.replaceAll(" ", space))];
    const best = new Float64Array(symbols.length + 1);
    const ids = new Int32Array(symbols.length + 1);
    const lengths = new Int32Array(symbols.length + 1).fill(1);
    for (let start = 0; start < symbols.length; start++) {
      let found = false;
      let piece = "";
      for (let end = start + 1; end <= Math.min(symbols.length, start + longest); end++) {
        piece += symbols[end - 1]!;
        const known = pieces.get(piece);
        if (known === undefined) continue;
        found = true;
        offer(end, best[start]! + known.score, known.id, end - start);
      }
      if (!found) offer(start + 1, best[start]!, unknown, 1);
    }
    function offer(end: number, score: number, id: number, length: number): void {
      if (best[end] !== 0 && score < best[end]!) return; // 0 stands for "nothing ends here yet"
      best[end] = score;
      ids[end] = id;
      lengths[end] = length;
    }
    const result: number[] = [];
    for (let end = symbols.length; end > 0; end -= lengths[end]!) {
      if (ids[end] !== unknown || result.at(-1) !== unknown) result.push(ids[end]!); // of unknown ones in a row, one
    }
    return result.reverse();
  };
}
