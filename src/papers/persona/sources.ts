/**
 * Personas of every kind that the experiment compares, as cached steps: HDGI's weights are learnt once for a graph, a seed and
 * options, and the rest follows by forward passes.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Budget } from "../../core/budget";
import type { Codec } from "../../core/codec";
import { writeFileAtomic } from "../../core/files";
import { hashOf, type Hashable } from "../../core/hash";
import { Rng } from "../../core/rng";
import { step, type StepResult } from "../../core/step";
import { sessionCount, type Sessions } from "../../data/types";
import type { HostMatrix } from "../../evaluation/logistic-regression";
import type { KnowledgeGraph } from "../../kg/graph";
import { personaSource, randomPersonas, remembering, shuffledPersonas, type PersonaSource } from "../../models/persona-source";
import { personaGraphOf, type GraphOfType, type PersonaGraphOptions } from "../../personas/from-graph";
import { rewired } from "../../personas/graph";
import { Hdgi, type HdgiOptions, type HdgiReport } from "../../personas/hdgi";
import { personaBudgets } from "../../personas/personas";
import type { PersonaKind } from "./arms";
import type { PersonaData } from "./data";
import type { Workshop } from "../steps";

/** Personas with their identity, and what their training said of itself. */
export interface NamedSource {
  readonly source: PersonaSource;
  /** What they were made of, hashed: goes into the keys of what uses them. */
  readonly key: string;
  readonly report?: Pick<HdgiReport, "loss" | "accuracy" | "trivial" | "beta" | "epochs">;
}

/** How personas are learnt, over the defaults. */
export interface LearningOptions {
  readonly hdgi?: Partial<HdgiOptions>;
  /** Which meta-paths, and how their edges count. */
  readonly graph?: Partial<PersonaGraphOptions>;
}

/** The same with the budget's options: on "hour" each training takes under a minute. @param chosen what a search chose; options that are given go first */
export function learningOptions(budget: Budget, { hdgi, graph }: LearningOptions = {}, chosen: LearningOptions = {}): Required<LearningOptions> {
  return { hdgi: { ...personaBudgets[budget], ...chosen.hdgi, ...hdgi }, graph: { ...chosen.graph, ...graph } };
}

interface Trained {
  readonly report: HdgiReport;
  open(): Hdgi;
}

/** Opens personas of any kind, each made once. */
export class PersonaShelf {
  private readonly made = new Map<string, Promise<NamedSource>>();

  constructor(
    private readonly world: PersonaData,
    private readonly shop: Workshop,
    private readonly note: <T>(what: string, result: StepResult<T>) => StepResult<T>,
  ) {}

  /** @throws NumericError, AbortError as a training */
  get(kind: PersonaKind, seed: number, options: Required<LearningOptions>): Promise<NamedSource> {
    const name = kind === "text-mean" ? kind : hashOf({ kind, seed, options } as unknown as Hashable);
    const found = this.made.get(name) ?? this.make(kind, seed, options);
    this.made.set(name, found);
    return found;
  }

  private async make(kind: PersonaKind, seed: number, options: Required<LearningOptions>): Promise<NamedSource> {
    const rng = new Rng(seed).child("personas");
    if (kind === "text-mean") return { source: textMeans(this.world), key: hashOf({ kind, vectors: this.world.vectors.card.sha256 }) };
    if (kind === "shuffled" || kind === "random") {
      const { source, key } = await this.get("graph", seed, options);
      return { source: remembering((kind === "shuffled" ? shuffledPersonas : randomPersonas)(source, rng.child(kind))), key: hashOf({ kind, key }) };
    }
    return this.learn(kind, seed, rng, options);
  }

  private async learn(kind: "graph" | "no-linked" | "rewired", seed: number, rng: Rng, options: Required<LearningOptions>): Promise<NamedSource> {
    const { world, shop } = this;
    const graph: KnowledgeGraph = kind === "no-linked" ? world.unlinked : world.graph;
    const own = personaGraphOf(graph, "user", { shape: world.vectors.shape as [number, number], data: world.vectors.data }, options.graph);
    // Newcomers stand in the groups that the true graph has; who else stands there is what was permuted.
    const source: GraphOfType = kind === "rewired" ? { ...own, ...rewired(own, rng.child("rewired")), type: own.type, newNodes: own.newNodes } : own;
    const { name, device, threads, cpu, tfjs, tensorflow } = shop.backend;
    const train = async (context: { readonly checkpoint?: string }): Promise<Trained> => {
      const model = new Hdgi(options.hdgi);
      const report = await model.fit(source, { ...context, rng: rng.child("hdgi"), signal: shop.signal, progress: shop.progress });
      return { report, open: () => model };
    };
    const settings = { code: [__filename, require.resolve("../../personas/hdgi")], codec, checkpoint: true, signal: shop.signal, progress: shop.progress, cache: shop.cache };
    const inputs = { graph: source.hash, bits: { name, device, threads, cpu, tfjs, tensorflow } };
    const trained = this.note(`personas of the ${kind === "graph" ? "graph" : `${kind} graph`}, seed ${seed}`, await step("personas", inputs as Readonly<Record<string, Hashable>>, { ...options.hdgi, seed }, train, settings));
    const model = trained.value.open();
    const vectors = model.embed(source);
    const { loss, accuracy, trivial, beta, epochs } = trained.value.report;
    return { source: remembering(personaSource({ graph, source, model, vectors }, world.split)), key: trained.key, report: { loss, accuracy, trivial, beta, epochs } };
  }
}

/** The model's folder and its report. */
const codec: Codec<Trained> = {
  write(folder, { open, report }) {
    open().save(join(folder, "model"));
    writeFileAtomic(join(folder, "report.json"), JSON.stringify(report));
  },
  release: ({ open }) => open().dispose(),
  read: (folder) => ({ report: JSON.parse(readFileSync(join(folder, "report.json"), "utf8")) as HdgiReport, open: () => Hdgi.load(join(folder, "model")) }),
};

/** The control without a graph: a user is the mean of their training items' vectors, a session the mean of its items'. */
function textMeans({ split, vectors }: PersonaData): PersonaSource {
  const { trained } = split.items;
  const of = (lists: readonly (readonly number[])[]): HostMatrix => {
    const width = vectors.shape[1];
    const data = new Float32Array(lists.length * width);
    lists.forEach((list, row) => {
      for (const item of list) for (let d = 0; d < width; d++) data[row * width + d]! += vectors.data[item * width + d]! / list.length;
    });
    return { shape: [lists.length, width], data };
  };
  const { train } = split;
  const byUser = Array.from({ length: split.users!.trained }, (): number[] => []);
  for (let s = 0; s < sessionCount(train); s++) byUser[train.user![s]!]?.push(...train.item.subarray(train.offsets[s], train.offsets[s + 1]));
  const users = of(byUser);
  const scale = 1 / Math.sqrt(users.data.reduce((sum, value) => sum + value ** 2, 0) / users.data.length); // vectors are centred as they come
  const scaled = ({ shape, data }: HostMatrix): HostMatrix => ({ shape, data: data.map((value) => value * scale) });
  const itemsOf = ({ offsets, item }: Sessions, s: number): number[] => Array.from(item.subarray(offsets[s], offsets[s + 1])).filter((one) => one < trained);
  return { users: scaled(users), infer: (sessions) => scaled(of(Array.from({ length: sessionCount(sessions) }, (_, s) => itemsOf(sessions, s)))) };
}
