/**
 * A trained arm measured in all its forms at once: the lists by itself, reranked by SASRec, and blended with it, on validation
 * and test, with and without the users' ids; and where the two stages lose what. One cached step a model and seed.
 */
import { step, type StepResult, type StepSettings } from "../../core/step";
import type { Cases, Sessions, Split } from "../../data/types";
import { caseRanges, evaluate, evaluationOf, rankCases, type CaseRange, type EvaluateOptions, type Evaluation, type RankedCases } from "../../evaluation/evaluate";
import { scoresToArray } from "../../evaluation/scores";
import { trainingCounts } from "../../evaluation/strata";
import { chooseBlend, type BlendChoice } from "../../models/blend";
import type { Recommender } from "../../models/recommender";
import { stageLosses, TwoStage, type CaseTrace, type Stage, type StageLosses } from "../../models/two-stage";
import type { Form } from "./arms";
import { primaryMetric, type Trained, type Workshop } from "../steps";

/** Cut-offs of the paper's tables: HR@10 and HR@100. */
export const personaCutoffs: readonly number[] = [10, 20, 100];

/** An arm's lists in one form. */
export interface FormRun {
  readonly valid: Evaluation;
  readonly test: Evaluation;
  /** With the users' ids hidden: the persona is inferred from the session. For models that read ids. */
  readonly anonymous?: Evaluation;
  /** Of two stages, at each cut-off, on the test cases. */
  readonly losses?: readonly StageLosses[];
  readonly blend?: BlendChoice;
}

/** Two trained models, and how they are put together. */
export interface Stages {
  readonly first: StepResult<Trained>;
  /** SASRec of the same seed; absent for an arm that has only itself. */
  readonly second?: StepResult<Trained>;
  readonly forms: readonly Form[];
  /** Whether the first model reads users' ids. */
  readonly readsUsers: boolean;
  /** N of reranking, and those that a blend chooses from. */
  readonly candidates: number;
  readonly sizes: readonly number[];
}

/** Cases without their users. */
export function withoutUsers<C extends Cases>(cases: C): C {
  const { user: _, ...sessions } = cases.sessions;
  return { ...cases, sessions };
}

/** Some of the cases in all forms. */
type FormParts = Readonly<Partial<Record<Form, {
  readonly valid: RankedCases;
  readonly test: RankedCases;
  readonly anonymous?: RankedCases;
  readonly traces?: readonly CaseTrace[];
}>>>;

/** Which part of the cases, from 0, of how many. */
interface PartOf {
  readonly part: number;
  readonly parts: number;
}

/**
 * Measures the forms; in parts, if the workshop has several: then each keeps a part of the scores in memory, not all.
 * @param onReading called before test cases are scored; not when the result is in the cache
 */
export function formsStep(split: Split, stages: Stages, shop: Workshop, onReading?: () => Promise<unknown>): Promise<StepResult<Readonly<Partial<Record<Form, FormRun>>>>> {
  const { forms, candidates, sizes, readsUsers } = stages;
  const { parts = 1 } = shop;
  return step(
    "forms",
    inputsOf(split, stages),
    { forms, candidates, sizes, ks: personaCutoffs, metric: primaryMetric, readsUsers },
    async () => {
      if (parts > 1) {
        const found: FormParts[] = [];
        for (let part = 0; part < parts; part++) found.push((await formsPartStep(split, stages, { part, parts }, shop, onReading)).value);
        return runsOf(found, split, stages, forms.includes("blend") ? (await blendStep(split, stages, shop)).value : undefined, shop);
      }
      return withStages(trainedOf(stages), async (models) => {
        await onReading?.();
        const blend = forms.includes("blend") ? await chooseBlend(models[0]!, models[1]!, split.valid, primaryMetric, sizes, shop) : undefined;
        return runsOf([await measured(split, stages, models, blend, { part: 0, parts: 1 }, shop)], split, stages, blend, shop);
      });
    },
    settingsOf(shop),
  );
}

/** One part of the cases. @param onReading called before the first part of test cases is scored */
export function formsPartStep(split: Split, stages: Stages, at: PartOf, shop: Workshop, onReading?: () => Promise<unknown>): Promise<StepResult<FormParts>> {
  const { forms, candidates, sizes, readsUsers } = stages;
  const work = async (): Promise<FormParts> => {
    const blend = forms.includes("blend") ? (await blendStep(split, stages, shop)).value : undefined;
    return withStages(trainedOf(stages), async (models) => {
      if (at.part === 0) await onReading?.();
      return measured(split, stages, models, blend, at, shop);
    });
  };
  return step("forms-part", inputsOf(split, stages), { forms, candidates, sizes, ks: personaCutoffs, metric: primaryMetric, readsUsers, ...at }, work, settingsOf(shop));
}

/** The blend by all validation cases: parts need it. */
export function blendStep(split: Split, stages: Stages, shop: Workshop): Promise<StepResult<BlendChoice>> {
  const { sizes } = stages;
  const work = (): Promise<BlendChoice> => withModels(trainedOf(stages), ([own, other]) => chooseBlend(own!, other!, split.valid, primaryMetric, sizes, shop));
  return step("blend", inputsOf(split, stages), { sizes, metric: primaryMetric }, work, settingsOf(shop));
}

function trainedOf({ first, second }: Pick<Stages, "first" | "second">): readonly StepResult<Trained>[] {
  return [first, ...(second === undefined ? [] : [second])];
}

function inputsOf(split: Split, { first, second }: Stages): Readonly<Record<string, string>> {
  return { first: first.key, second: second?.key ?? "none", valid: split.valid.hash, test: split.test.hash, train: split.train.hash };
}

function settingsOf<T>({ signal, progress, cache }: Workshop): StepSettings<T> {
  return { code: [__filename, require.resolve("../../models/two-stage"), require.resolve("../../models/persona-sasrec")], signal, progress, cache };
}

/** The cut-offs, and what else an evaluation is told. */
function evaluateOptions({ train }: Split, { signal, progress }: Workshop): EvaluateOptions {
  return { ks: personaCutoffs, counts: trainingCounts(train), signal, progress };
}

async function measured(split: Split, { forms, candidates, readsUsers }: Stages, [own, other]: readonly Stage[], blend: BlendChoice | undefined, { part, parts }: PartOf, shop: Workshop): Promise<FormParts> {
  const options = evaluateOptions(split, shop);
  const rangeOf = ({ target }: Cases): CaseRange => caseRanges(target.length, parts)[part]!;
  const found: Record<string, FormParts[Form]> = {};
  for (const form of forms) {
    const stage = stageOf(form, [own!, other], candidates, form === "blend" ? blend : undefined);
    const rank = (cases: Cases): Promise<RankedCases> => rankCases((sessions) => stage.score(sessions), cases, options, rangeOf(cases));
    const traces = stage instanceof TwoStage ? stage.trace(split.test, rangeOf(split.test)) : undefined;
    found[form] = { valid: await rank(split.valid), test: await rank(split.test), ...(readsUsers && { anonymous: await rank(withoutUsers(split.test)) }), ...(traces && { traces }) };
  }
  return found;
}

/** Parts put together: the same to the bit, however many there are. */
function runsOf(parts: readonly FormParts[], split: Split, { forms, readsUsers }: Stages, blend: BlendChoice | undefined, shop: Workshop): Readonly<Partial<Record<Form, FormRun>>> {
  const options = evaluateOptions(split, shop);
  return Object.fromEntries(forms.map((form): [Form, FormRun] => {
    const own = parts.map((part) => part[form]!);
    const traces = own[0]!.traces && own.flatMap((part) => part.traces!);
    return [form, {
      valid: evaluationOf(own.map(({ valid }) => valid), split.valid, options),
      test: evaluationOf(own.map(({ test }) => test), split.test, options),
      ...(readsUsers && { anonymous: evaluationOf(own.map(({ anonymous }) => anonymous!), withoutUsers(split.test), options) }),
      ...(traces && { losses: personaCutoffs.map((k) => stageLosses(traces, k)) }),
      blend: form === "blend" ? blend : undefined,
    }];
  }));
}

/**
 * Measures one form on the sealed cases.
 * @param blend as chosen on validation, for that form
 * @param onReading called before the cases are scored; not when the result is in the cache
 */
export function confirmStep(split: Split, { first, second, candidates }: Stages, form: Form, blend: BlendChoice | undefined, shop: Workshop, onReading: () => Promise<unknown>): Promise<StepResult<Evaluation>> {
  const { signal, progress, cache } = shop;
  const cases = split.confirm!;
  const inputs = { first: first.key, second: second?.key ?? "none", cases: cases.hash };
  const measure = (): Promise<Evaluation> => withStages(trainedOf({ first, second }), async ([own, other]) => {
    await onReading();
    const stage = stageOf(form, [own!, other], candidates, blend);
    return evaluate((sessions) => stage.score(sessions), cases, { ks: personaCutoffs, counts: trainingCounts(split.train), seal: "open", signal, progress });
  });
  return step("confirm", inputs, { form, candidates: blend?.candidates ?? candidates, blend: blend?.blend ?? 0, ks: personaCutoffs }, measure, { code: [__filename, require.resolve("../../models/two-stage")], signal, progress, cache });
}

/** An arm by itself, or with SASRec behind it. */
function stageOf(form: Form, [own, other]: readonly [Stage, Stage | undefined], candidates: number, blend: BlendChoice | undefined): Stage {
  if (form === "alone") return own;
  return new TwoStage(own, other!, { candidates, ...(blend && { candidates: blend.candidates, blend: blend.blend, temperatures: blend.temperatures }) });
}

/** Opens trained models, hands them over, and frees them. */
async function withModels<T>(trained: readonly StepResult<Trained>[], use: (models: readonly Recommender[]) => Promise<T>): Promise<T> {
  const models = await Promise.all(trained.map(({ value }) => value.open()));
  try {
    return await use(models);
  } finally {
    models.forEach((model) => model.dispose());
  }
}

/** The same, as stages that do not score the same sessions twice. */
export function withStages<T>(trained: readonly StepResult<Trained>[], use: (stages: readonly Stage[]) => Promise<T>): Promise<T> {
  return withModels(trained, (models) => use(models.map(remembered)));
}

/** Scores of a session are computed once: the forms look at the same cases. */
function remembered(model: Stage): Stage {
  const known = new Map<string, Float32Array>();
  return {
    items: model.items,
    score(sessions: Sessions) {
      const key = `${sessions.user?.join() ?? ""}|${sessions.offsets.join()}|${sessions.item.join()}`;
      const scores = known.get(key) ?? scoresToArray(model.score(sessions));
      known.set(key, scores);
      return scores;
    },
  };
}
