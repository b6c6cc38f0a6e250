/** Places on a line as waves, for networks that are told a time or a popularity. */
import * as tf from "@tensorflow/tfjs";

/** Places, each once, and where each asked one is among them: a sampler asks for one time in all rows. */
export interface Places {
  /** [P] */
  readonly distinct: Float32Array;
  /** [G] in [0, P) */
  readonly rowOf: Int32Array;
}

/** Places, each once. @param places [G] */
export function distinctPlaces(places: Float32Array): Places {
  const rows = new Map<number, number>();
  const rowOf = Int32Array.from(places, (place) => {
    const known = rows.get(place) ?? rows.size;
    rows.set(place, known);
    return known;
  });
  return { distinct: Float32Array.from(rows.keys()), rowOf };
}

/** Cosines and sines of falling frequencies (Vaswani et al., 2017). @returns [P, width] */
export function sinusoids(places: Float32Array, width: number): tf.Tensor2D {
  const half = Math.ceil(width / 2);
  const frequencies = Array.from({ length: half }, (_, i) => Math.exp((-Math.log(10_000) * i) / half));
  const data = new Float32Array(places.length * width);
  places.forEach((place, at) => {
    frequencies.forEach((frequency, i) => {
      data[at * width + i] = Math.cos(place * frequency);
      if (half + i < width) data[at * width + half + i] = Math.sin(place * frequency);
    });
  });
  return tf.tensor2d(data, [places.length, width]);
}
