/** The work of hdgi-large.ts in a process of its own, so that its peak of memory is its own: prints one line of JSON. */
import { graphFrom, Hdgi, initBackend, personaGraphOf, Rng, type EdgeList, type HostMatrix, type KnowledgeGraph } from "../src/index";
import { peakSoFar } from "../src/tensor/planner";
import { shape } from "./hdgi-large";

/** What the child prints. */
export interface LargePersonas {
  readonly edges: number;
  /** Of making the graph, what personas are learnt from, an epoch, and the vectors of all users. */
  readonly seconds: { readonly graph: number; readonly source: number; readonly epoch: number; readonly embed: number };
  /** Means of the epoch. */
  readonly loss: number;
  readonly accuracy: number;
  /** The mean cosine of pairs of users of one taste, and of two, seen from the mean of all. */
  readonly alike: number;
  readonly apart: number;
  readonly peakBytes: number;
}

const { items, genres, choices, dimension } = shape;
const origin = { source: "generated", rule: "taste", version: "1" };

/** Users of one taste each: four choices in five are of its genre, the popular items of a genre more often. */
function shop(users: number, rng: Rng): KnowledgeGraph {
  const [source, target] = [new Int32Array(users * choices), new Int32Array(users * choices)];
  for (let edge = 0; edge < source.length; edge++) {
    const user = Math.floor(edge / choices);
    const genre = rng.uniform() < 0.8 ? user % genres : rng.int(genres);
    source[edge] = user;
    target[edge] = genre + genres * Math.floor((items / genres) * rng.uniform() ** 3);
  }
  const all = (count: number, letter: string): string[] => Array.from({ length: count }, (_, n) => `${letter}${n}`);
  const edge = (name: string, from: string, to: string, ends: Pick<EdgeList, "source" | "target">): EdgeList => ({ name, from, to, ...ends, origin });
  const numbers = Int32Array.from({ length: items }, (_, n) => n);
  return graphFrom(
    [{ type: "user", ids: all(users, "u") }, { type: "item", ids: all(items, "i") }, { type: "genre", ids: all(genres, "g") }],
    [edge("chose", "user", "item", { source, target }), edge("genre", "item", "genre", { source: numbers, target: numbers.map((n) => n % genres) })],
  );
}

/** A vector an item: a little of its genre, and noise. */
function vectorsOf(rng: Rng): HostMatrix {
  const [centres, noise] = [rng.child("genres").normals(genres * dimension), rng.child("items").normals(items * dimension)];
  return { shape: [items, dimension], data: noise.map((value, at) => value + 0.5 * centres[(Math.floor(at / dimension) % genres) * dimension + (at % dimension)]!) };
}

/** Of 100,000 pairs of users. */
function cosines({ shape: [count, width], data }: HostMatrix, rng: Rng): { readonly alike: number; readonly apart: number } {
  const mean = new Float64Array(width);
  for (let at = 0; at < data.length; at++) mean[at % width]! += data[at]! / count;
  const cosine = (a: number, b: number): number => {
    let [dot, one, other] = [0, 0, 0];
    for (let d = 0; d < width; d++) {
      const [x, y] = [data[a * width + d]! - mean[d]!, data[b * width + d]! - mean[d]!];
      dot += x * y;
      one += x * x;
      other += y * y;
    }
    return dot / Math.sqrt(one * other);
  };
  const pairs = 50_000;
  let [alike, apart] = [0, 0];
  for (let n = 0; n < pairs; n++) {
    const user = rng.int(count);
    alike += cosine(user, (user + genres * (1 + rng.int(Math.floor(count / genres) - 1))) % count) / pairs;
    apart += cosine(user, (user + 1 + rng.int(genres - 1)) % count) / pairs;
  }
  return { alike, apart };
}

async function main(users: number): Promise<void> {
  await initBackend();
  const seconds: number[] = [];
  let last = performance.now();
  const lap = (): void => {
    const now = performance.now();
    seconds.push(Number(((now - last) / 1000).toFixed(1)));
    last = now;
  };
  const rng = new Rng("a million users");
  const graph = shop(users, rng.child("choices"));
  lap();
  const source = personaGraphOf(graph, "user", vectorsOf(rng.child("vectors")));
  lap();
  const model = new Hdgi({ dimension, epochs: 1, batch: shape.batch, neighbours: shape.neighbours, rate: 0.001 });
  const report = await model.fit(source, { rng: rng.child("hdgi"), progress: ({ done, metrics }) => process.stderr.write(done >= 1 ? `epoch of ${Math.ceil(users / shape.batch)} steps, loss ${metrics?.["loss"]?.toFixed(4)}\n` : "") });
  lap();
  const vectors = model.embed(source);
  lap();
  const [made, from, epoch, embed] = seconds as [number, number, number, number];
  const found: LargePersonas = { edges: graph.edgeCount(), seconds: { graph: made, source: from, epoch, embed }, loss: report.loss, accuracy: report.accuracy, ...cosines(vectors, rng.child("pairs")), peakBytes: peakSoFar() };
  console.log(JSON.stringify(found));
}

if (require.main === module) void main(Number(process.argv[2]));
