/**
 * A trained arm measured in all its forms at once: the lists by itself, reranked by SASRec, and blended with it, on validation
 * and test, with and without the users' ids; and where the two stages lose what. One cached step a model and seed.
 */
import { step, type StepResult } from "../../core/step";
import type { Cases, Sessions, Split } from "../../data/types";
import { evaluate, type Evaluation } from "../../evaluation/evaluate";
import { scoresToArray } from "../../evaluation/scores";
import { trainingCounts } from "../../evaluation/strata";
import { chooseBlend, type BlendChoice } from "../../models/blend";
import { stageLosses, TwoStage, type Stage, type StageLosses } from "../../models/two-stage";
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

/**
 * Measures the forms.
 * @param onReading called before test cases are scored; not when the result is in the cache
 */
export function formsStep(split: Split, { first, second, forms, readsUsers, candidates, sizes }: Stages, shop: Workshop, onReading?: () => Promise<unknown>): Promise<StepResult<Readonly<Partial<Record<Form, FormRun>>>>> {
  const { signal, progress, cache } = shop;
  const inputs = { first: first.key, second: second?.key ?? "none", valid: split.valid.hash, test: split.test.hash, train: split.train.hash };
  return step(
    "forms",
    inputs,
    { forms, candidates, sizes, ks: personaCutoffs, metric: primaryMetric, readsUsers },
    () => withStages([first, ...(second === undefined ? [] : [second])], async ([own, other]) => {
      const counts = trainingCounts(split.train);
      const measure = (stage: Stage, cases: Cases): Promise<Evaluation> => evaluate((sessions) => stage.score(sessions), cases, { ks: personaCutoffs, counts, signal, progress });
      await onReading?.();
      const runs: Partial<Record<Form, FormRun>> = {};
      for (const form of forms) {
        const blend = form === "blend" ? await chooseBlend(own!, other!, split.valid, primaryMetric, sizes, { signal }) : undefined;
        const stage = stageOf(form, [own!, other], candidates, blend);
        const traces = stage instanceof TwoStage ? stage.trace(split.test) : undefined;
        runs[form] = {
          valid: await measure(stage, split.valid),
          test: await measure(stage, split.test),
          ...(readsUsers && { anonymous: await measure(stage, withoutUsers(split.test)) }),
          ...(traces && { losses: personaCutoffs.map((k) => stageLosses(traces, k)) }),
          blend,
        };
      }
      return runs;
    }),
    { code: [__filename, require.resolve("../../models/two-stage"), require.resolve("../../models/persona-sasrec")], signal, progress, cache },
  );
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
  const measure = (): Promise<Evaluation> => withStages([first, ...(second === undefined ? [] : [second])], async ([own, other]) => {
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

/** Opens trained models, hands them over as stages that do not score the same sessions twice, and frees them. */
export async function withStages<T>(trained: readonly StepResult<Trained>[], use: (stages: readonly Stage[]) => Promise<T>): Promise<T> {
  const models = await Promise.all(trained.map(({ value }) => value.open()));
  try {
    return await use(models.map(remembered));
  } finally {
    models.forEach((model) => model.dispose());
  }
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
