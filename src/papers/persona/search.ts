/**
 * How an arm of the persona experiment comes by its options: by hand, by what `results` keeps of a search, or by successive halving
 * on validation, with seed 1; and how its model is made. Every trial is in results/searches.
 */
import type { Hashable } from "../../core/hash";
import { Rng } from "../../core/rng";
import { step } from "../../core/step";
import type { Cases, TrainSessions } from "../../data/types";
import { makerOf, type ModelMaker } from "../../models/index";
import { PersonaSasrec } from "../../models/persona-sasrec";
import type { FitContext, Recommender } from "../../models/recommender";
import { search } from "../../models/search";
import { choice as oneOf } from "../../models/space";
import { trainedVectors } from "../../text/item-vectors";
import { readSearch, writeSearch, type Choice } from "../searches";
import { bitsOf, primaryMetric, tuneStep, type Beside } from "../steps";
import { optionsOfArm, type Arm, type Setting } from "./arms";
import type { PersonaExperiment, Underway } from "./persona";
import { learningOptions, type LearningOptions, type NamedSource } from "./sources";

/** What a search gives each of its settings, and how few of them stay for the last round. */
const rounds = (epochs: number) => [{ epochs: Math.min(4, epochs) }, { epochs }];
const halving = 6;

/** Epochs that a search trains for in all, at most: what goes on to the next round goes on from where it was. */
export function searchEpochs(settings: number, epochs: number): number {
  const [short, whole] = rounds(epochs).map((round) => round.epochs) as [number, number];
  return settings * short + Math.ceil(settings / halving) * (whole - short);
}

/** Whether an arm draws random numbers. */
export function isSeeded({ model }: Arm): boolean {
  return model === "persona" || makerOf(model).seeded;
}

/** How an arm's model is made and opened again. */
export function makerFor({ model }: Arm, personas: NamedSource | undefined): ModelMaker {
  if (model !== "persona") return makerOf(model);
  return {
    ...makerOf("sasrec"),
    title: "Persona-SASRec",
    make: (options) => new PersonaSasrec(options),
    load: (folder) => PersonaSasrec.load(folder, personas?.source.infer),
    code: require.resolve("../../models/persona-sasrec"),
  };
}

/** Text vectors and personas, as the arm is given them. */
export function besideOf({ vectors: reads }: Arm, { world: { vectors } }: Pick<Underway, "world">, personas: NamedSource | undefined): Beside {
  const context = { ...(reads && { vectors: trainedVectors(vectors) }), ...(personas && { personas: personas.source }) };
  return { key: { vectors: reads ? vectors.card.sha256 : "none", personas: personas?.key ?? "none" }, context };
}

/** Whether an arm's options are searched for: not by hand, more than one to try, and a budget that lets it. */
export function isSearched({ id, settings }: Arm, { set, budget }: Pick<PersonaExperiment, "set" | "budget">): boolean {
  return set?.[id] === undefined && settings.length > 1 && budget !== "minute";
}

/** An arm's setting, if nothing has to be searched for it any more. @param experiment the name of its files */
export function knownSetting(arm: Arm, settings: PersonaExperiment, experiment: string): Setting | undefined {
  if (isSearched(arm, settings)) return readSearch(settings.results, `persona-${experiment}`, arm.id)?.options;
  return { ...arm.settings[0]!, ...settings.set?.[arm.id] };
}

/** Searches an arm's options, and keeps what was tried. An interrupted search goes on. */
export async function searchArm(arm: Arm, run: Underway, experiment: string): Promise<Setting> {
  const { settings, shop, world, note } = run;
  const found = isSeeded(arm) ? await halved(arm, run) : note(`${arm.title}: choose on validation`, await tuneStep(makerFor(arm, undefined), world.split, arm.settings, 1, shop)).value;
  writeSearch(settings.results, `persona-${experiment}`, arm.id, { ...found, settings: arm.settings.length });
  return found.options;
}

/** Halves the arm's settings over epochs. */
async function halved(arm: Arm, run: Underway): Promise<Omit<Choice, "settings">> {
  const { settings, shop, world, note, shelf } = run;
  const learnt = ({ learn }: Setting): Required<LearningOptions> => learningOptions(shop.budget, settings.personas, learn);
  const first = arm.personas && (await shelf.get(arm.personas, 1, learnt({})));
  const maker = makerFor(arm, first);
  const beside = besideOf(arm, run, first);
  const shared = optionsOfArm(arm, {}, shop.budget);
  const given = { settings: arm.settings.length, halving, rounds: rounds(Number(shared["epochs"])), start: arm.settings };
  const { signal, progress, cache } = shop;
  const make = (setting: Setting): Recommender => {
    const model = maker.make(optionsOfArm(arm, setting, shop.budget));
    const { personas } = arm;
    if (personas === undefined || setting.learn === undefined) return model;
    const fit = model.fit.bind(model);
    return Object.assign(model, { fit: async (train: TrainSessions, valid: Cases<"valid">, context: FitContext) => fit(train, valid, { ...context, personas: (await shelf.get(personas, 1, learnt(setting))).source }) });
  };
  const work = async (context: { readonly checkpoint?: string }) => {
    // All settings are given: the space only names what they set.
    const { rows: _, ...report } = await search<Setting>(make, { dropout: oneOf(0) }, world.split, { ...context, ...beside.context, signal, progress, rng: new Rng(1), metric: primaryMetric }, given);
    return report;
  };
  const inputs = { train: world.split.train.hash, valid: world.split.valid.hash, bits: bitsOf(maker, shop), beside: beside.key };
  const result = await step("search", inputs, { arm: arm.id, model: maker.title, shared, given, metric: primaryMetric } as unknown as Readonly<Record<string, Hashable>>, work, { code: [__filename, maker.code, require.resolve("../../models/search")], checkpoint: true, signal, progress, cache });
  return note(`${arm.title}: choose on validation`, result).value;
}
