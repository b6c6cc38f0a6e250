/**
 * SessionLab's public surface: a table of contents, in the order that data flows.
 * Everything that notebooks and other projects use is here; nothing else is promised to stay.
 */

// core: seeded randomness, options, errors, the step cache, progress
export { budgets, type Budget } from "./core/budget";
export { plainCodec, type Codec } from "./core/codec";
export { formatSeconds } from "./core/duration";
export { AbortError, ConfigError, DataError, NotFittedError, NumericError, SessionLabError, type DataLocation } from "./core/errors";
export { writeFileAtomic, writeFolderAtomic } from "./core/files";
export { hashOf, type Hashable } from "./core/hash";
export { nearest, resolveOptions, rules, type Rule } from "./core/options";
export { meter, type Progress, type ProgressReport } from "./core/progress";
export { Rng, type RngState } from "./core/rng";
export { defaultCache, footer, step, type StepContext, type StepMeta, type StepResult, type StepSettings } from "./core/step";

// models: the recommenders by id
export { makerOf, models, type ModelId, type ModelMaker } from "./models/index";

// display: what a terminal, a notebook and a page show
export { progressBar, type Bar } from "./display/bar";
export { intervalFigure, intervalSvg, type Figure, type IntervalPlot, type IntervalPoint } from "./display/figure";
export { renderTable, type TableFormat } from "./display/formats";
export { htmlPage, paragraph, plotBlock, type PageSection } from "./display/page";
export { type Cell, type Column, type Estimate, type Table } from "./display/table";

// papers: published numbers, experiments, results, reports
export { runBase, type BaseReport, type BaseRow, type BaseSettings, type BaseTable, type Protocol } from "./papers/base";
export { type Measured } from "./papers/measure";
export { recboleSasrec, references, type Reference } from "./papers/references";
export { readResults, resultId, writeResult, type Result, type ResultPart } from "./papers/results";
