/**
 * SessionLab's public surface: a table of contents, in the order that data flows.
 * Everything that notebooks and other projects use is here; nothing else is promised to stay.
 */
import * as tf from "@tensorflow/tfjs";
import { DiffusionRecommender } from "./augmentation/diffusion/recommender";
import { SessionLabError } from "./core/errors";
import { addRenderers, giveDisplay } from "./display/mime";
import { KnowledgeGraph } from "./kg/graph";
import { Bert4Rec } from "./models/bert4rec";
import { Gru4Rec } from "./models/gru4rec";
import { ItemKnn } from "./models/item-knn";
import { Markov } from "./models/markov";
import { Narm } from "./models/narm";
import { Niser } from "./models/niser";
import { Pop } from "./models/pop";
import { Sasrec } from "./models/sasrec";
import { SequentialRules } from "./models/sequential-rules";
import { SessionKnn } from "./models/session-knn";
import { SessionPop } from "./models/session-pop";
import { SrGnn } from "./models/sr-gnn";
import { Stamp } from "./models/stamp";
import { Stan } from "./models/stan";
import { UserGru } from "./models/user-gru";
import { VsKnn } from "./models/vs-knn";
import { Vstan } from "./models/vstan";
import { baseRenderer } from "./papers/base/display";
import { counterfactualRenderer } from "./papers/counterfactual/sections";
import { ledgerRenderer } from "./papers/ledger/sections";
import { onlineRenderer } from "./papers/online/tables";
import { personaRenderer } from "./papers/persona/sections";

// core: seeded randomness, options, errors, the step cache, progress
export { budgets, type Budget } from "./core/budget";
export { cacheEntries, cacheLimit, findEntry, nearestEntry, removeEntry, type CacheDifference, type CacheEntry } from "./core/cache";
export { plainCodec, type Codec } from "./core/codec";
export { formatSeconds } from "./core/duration";
export { AbortError, ConfigError, DataError, NotFittedError, NumericError, SessionLabError, type DataLocation, type NumericLocation } from "./core/errors";
export { writeFileAtomic, writeFolderAtomic } from "./core/files";
export { hashOf, type Hashable } from "./core/hash";
export { withLock, type LockSettings } from "./core/lock";
export { nearest, resolveOptions, rules, type Rule } from "./core/options";
export { type ProcessMark } from "./core/processes";
export { meter, type Progress, type ProgressReport } from "./core/progress";
export { Rng, type RngState } from "./core/rng";
export { decodeSafetensors, encodeSafetensors, type SafetensorsFile, type SafetensorsTensor, type SafetensorsArray } from "./core/safetensors";
export { defaultCache, footer, step, watchSteps, type StepContext, type StepIdentity, type StepMeta, type StepResult, type StepSettings, type StepWatcher } from "./core/step";

// tensor: the backend, fused operations, parameters, optimisers, the one training loop
export * as tf from "@tensorflow/tfjs";
export { Adagrad, adagradDefaults, type AdagradOptions } from "./tensor/adagrad";
export { Adam, adamDefaults, type AdamOptions } from "./tensor/adam";
export { initBackend, libraryVersion, type BackendInfo, type BackendName } from "./tensor/backend";
export { LazyAdam, lazyAdamDefaults, type LazyAdamOptions } from "./tensor/lazy-adam";
export { memoryEstimate, type LossPlan, type MemoryEstimate, type StepPlan } from "./tensor/memory";
export { gelu } from "./tensor/ops/activation";
export { edgeAttention, type EdgeAttentionInput } from "./tensor/ops/edge-attention";
export { causalAttention, sessionAttention, type AttentionOptions } from "./tensor/ops/attention";
export { binaryLoss } from "./tensor/ops/binary-loss";
export { dropout } from "./tensor/ops/dropout";
export { gates } from "./tensor/ops/gates";
export { gruStep, type GruWeights, type GruOptions } from "./tensor/ops/gru";
export { gruSequence } from "./tensor/ops/gru-sequence";
export { layerNorm } from "./tensor/ops/layer-norm";
export { linear } from "./tensor/ops/linear";
export { normaliseRows } from "./tensor/ops/normalise";
export { normals } from "./tensor/ops/normals";
export { gatherRows } from "./tensor/ops/rows";
export { sampledIds, sampledSoftmaxLoss, sampledSoftmaxRows, type SampledSoftmaxOptions } from "./tensor/ops/sampled-softmax-loss";
export { segmentMean, segmentSoftmax, segmentSum } from "./tensor/ops/segments";
export { sparseProduct } from "./tensor/ops/sparse-product";
export { shuffledProduct } from "./tensor/ops/shuffled-product";
export { biasedPrelu, hiddenMeans, weighedSum } from "./tensor/ops/semantic";
export { softmaxLoss } from "./tensor/ops/softmax-loss";
export { type Optimiser, type OptimiserState, type RowGradient } from "./tensor/optimiser";
export { readRows } from "./tensor/parameter-rows";
export { type PlanOptions, type TrainingPlan } from "./tensor/planner";
export { ParameterSet, type HostTensor, type Parameter } from "./tensor/parameters";
export { holdSparse, sparseFrom, transpose, type SparseMatrix, type SparseTensor } from "./tensor/sparse";
export { train, type TrainingContext, type TrainingReport, type TrainingTask } from "./tensor/training";

// data: catalogue, events, sessions, splits, batches
export { padSessions, trainingBatches, type PaddedSessions, type TrainingBatch, type WindowOptions } from "./data/batches";
export { catalog, type CatalogEntry, type DatasetName, type SetCounts, type SetFile, type Source, type ArchiveSource, type WheelSource, type ZipSource, type FilesSource } from "./data/catalog";
export { loadBenchmark, loadDataset, type LoadOptions } from "./data/datasets";
export { type SetFileOptions } from "./data/set-files";
export { describeEvents, describeRow, describeSplit, type DescriptionRow, type EventCounts, type EventsDescription, type SplitDescription, type CasesDescription, type TrainDescription } from "./data/describe";
export { eventsFrom, hashEvents, type EventColumns, type EventTable } from "./data/events";
export { eventsFromFile, type FileEvents, type FileOptions, type FileReport } from "./data/own-files";
export { withTitles, type TitleOptions } from "./data/own-titles";
export { withItems, type ItemTableOptions } from "./data/own-features";
export { eventsFromRaw, type RawEventTable, type RawFiles, type RawOptions } from "./data/raw";
export { type EventLines, type FeaturedItem, type FieldSql, type ItemLine, type ItemLines, type RawFormat, type RecordField } from "./data/raw-format";
export { type ItemRow } from "./data/store";
export { rawFormats, type RawFormatName } from "./data/formats/index";
export { type RecordFault } from "./data/record-faults";
export { parsePythonLiteral, type PythonValue } from "./data/python-literal";
export { coverage, featureOf, featuresOfItem, type CoveredItems, type FieldCoverage, type ItemFeature } from "./data/item-features";
export { cleanName, cleanText, parseListCell } from "./data/item-text";
export { generateEvents, type GeneratedWorld, type WorldOptions } from "./data/generate";
export { generatePersonas, type PersonaWorld, type PersonaWorldOptions } from "./data/generate-personas";
export { personaBounds, type PersonaBounds, type PlantedBound, type PlantedQuality, type PlantedWorld } from "./data/persona-bounds";
export { type ColumnNames, type EventField, type TitleColumns } from "./data/event-columns";
export { type DroppedRows, type TimeReading, type TimeUnit } from "./data/event-rows";
export { sessionsFrom, type SessionOptions, type SessionTable } from "./data/sessions";
export { collapseRepeats, kCore, keepLast, sessionRange, type CoreSizes } from "./data/session-steps";
export { readBenchmark, type BenchmarkFiles, type BenchmarkOptions } from "./data/benchmark";
export { negativeSampler, type NegativeSampler } from "./data/negatives";
export { clozeBatches, type ClozeBatch, type ClozeOptions } from "./data/cloze";
export { knownSequences, lastPositions, prefixBatches, sequenceOfPositions, type KnownSequences, type PrefixBatch, type Sequences } from "./data/sequences";
export { laneSteps, type LaneStep } from "./data/session-lanes";
export { splitBySession, splitByTime, splitLeaveOneOut, type TimeSplitOptions } from "./data/split";
export { slidingWindows, type WindowSplitOptions } from "./data/windows";
export { dropColdItems } from "./data/cold";
export { recentShare, recentSplit } from "./data/recent";
export { NONE, prefixes, sessionCount, type Cases, type Items, type Role, type Sessions, type Split, type TrainSessions, type Users } from "./data/types";

// evaluation: full ranking, metrics, strata, passports, paired tests
export { balancedMetric, balancedWeights, effectiveCases, resampleCases, type BalanceBy, type BalancedMetric, type BalancedWeights } from "./evaluation/balanced";
export { drawMeans, drawRates, drawStatistics, summaryOf, type BootstrapOptions, type Drawn, type DrawnSummary, type RateColumns } from "./evaluation/bootstrap";
export { compare, holm, pairedBootstrap, smallestDetectable, type CompareOptions, type Comparison, type Run, type Bootstrap as BootstrapSettings } from "./evaluation/compare";
export { equivalence, nonInferiority, type MarginTest } from "./evaluation/equivalence";
export { caseRows, evaluate, type CaseRows, type EvaluateOptions, type Evaluation, type Part } from "./evaluation/evaluate";
export { kMeans, kMeansDefaults, type Clusters, type KMeansOptions } from "./evaluation/k-means";
export { adjustedRandIndex, f1, normalisedMutualInformation } from "./evaluation/labels";
export { logisticDefaults, logisticRegression, type HostMatrix, type LogisticOptions, type LogisticRegression } from "./evaluation/logistic-regression";
export { leakageReport, type BothSides, type LeakageReport, type TimeLeak } from "./evaluation/leakage";
export { flips, type Flip, type FlipList, type FlipOptions } from "./evaluation/flips";
export { topItems } from "./evaluation/lists";
export { packRanks, unpackRanks } from "./evaluation/packed-ranks";
export { meanMetrics, metricRows, parseMetric, tieRateOf, type MetricName } from "./evaluation/metrics";
export { nearDuplicates, type DuplicateOptions, type DuplicatePair, type Duplicates } from "./evaluation/near-duplicates";
export { parsePassport, passportDifference, passportKey, passportOf, type Passport, type PassportParts } from "./evaluation/passport";
export { countRanks, popularityOrder, ranksOf, tieRules, type RankCounts, type TieRule } from "./evaluation/ranks";
export { countReading, readReadings, type Readings } from "./evaluation/readings";
export { scoresToArray, type Scorer, type Scores } from "./evaluation/scores";
export { compareSlices, type SliceComparison, type SliceData, type SliceOptions } from "./evaluation/slices";
export { deciles, lengthStrata, personaStrata, popularityStrata, targetStrata, trainingCounts, type Stratum, type UserGroups } from "./evaluation/strata";

// text: items in words, encoders, vectors with a recipe card
export { BertEncoder, type BertOptions } from "./text/bert";
export { openMiniLm, type MiniLmOptions } from "./text/default-encoder";
export { type EncodeOptions, type Encoder, type VectorSource } from "./text/encoder";
export { openEndpointEncoder, type EndpointEncoder, type EndpointEncoderOptions } from "./text/endpoint-encoder";
export { itemVectors, trainedVectors, type MissingPolicy, type RecipeCard, type TextControl, type TextVectorOptions, type TextVectors } from "./text/item-vectors";
export { nearestRows, type NearRow } from "./text/neighbours";
export { normaliseVectors, type Normalisation, type Rows } from "./text/normalise";
export { OnnxEncoder, type OnnxOptions } from "./text/onnx-encoder";
export { openEncoder, type EncoderOptions } from "./text/open-encoder";
export { openPrecomputed, type PrecomputedOptions, type PrecomputedVectors } from "./text/precomputed";
export { itemFields, renderTexts, templates, type ItemFields, type TemplateName } from "./text/template";
export { type TokenEstimate } from "./text/token-estimate";
export { UseEncoder } from "./text/use-encoder";
export { readVectors, writeVectors } from "./text/vector-files";

// kg: linked data and items in it, the typed graph, meta-paths
export { buildGraph, type GraphOptions, type GraphParts } from "./kg/build";
export { datasetGraph, type DatasetGraph, type DatasetGraphOptions, type LinkedData } from "./kg/dataset-graph";
export { entitiesOf, type Entity, type EntityTable } from "./kg/dbpedia-entities";
export { labelOfIri, partsOfLabel, type EntityKind, type LabelParts } from "./kg/dbpedia-labels";
export { fetchAllEntities, fetchEntities, fetchRelations, fetchTriples, type AskOptions, type FetchOptions } from "./kg/dbpedia-query";
export { allowTriples, relationsOf, type RelationOptions, type RelationReport } from "./kg/dbpedia-relations";
export { hasLinkedFiles, loadLinkedSlices, obtainLinkedFiles, readMap, type LinkedSlices, type LinkedFile, type MapRow } from "./kg/dbpedia-sets";
export { loadGraph, saveGraph } from "./kg/graph-files";
export { graphFromRdf, graphToRdf, type RdfOptions } from "./kg/graph-rdf";
export { graphToGraphml } from "./kg/graphml";
export { graphFrom, KnowledgeGraph, type EdgeChoice, type EdgeList, type NamedNode, type Neighbour, type NodeName, type NodeTable, type Origin, type Statement } from "./kg/graph";
export { foldCase } from "./kg/item-edges";
export { linkTitles, scoreCandidates, type LinkOptions, type ScoredCandidate } from "./kg/linker";
export { creatorAgreement, evaluateLinker, type CreatorAgreement, type LinkEvaluation, type LinkQuality, type MappedTitle } from "./kg/linker-evaluation";
export { sameName, type LinkDomain, type TitleQuery, type Feature as LinkFeature } from "./kg/linker-features";
export { candidatesOf, indexEntities, type Candidate, type EntityIndex, type Match } from "./kg/linker-index";
export { linkerWeights, type LinkerWeights } from "./kg/linker-weights";
export { confidentLinks, linkRows, linksFrom, readLinks, writeLinks, type EntityLink, type EntityLinks, type TableLinks } from "./kg/links";
export { metaPath, metaPathBlocks, metaPathFactors, metaPathHalf, metaPathRows, type MetaPath, type MetaPathBlock, type MetaPathOptions } from "./kg/meta-paths";
export { triplesFromFile } from "./kg/rdf-files";
export { expandIri, isIri, literal } from "./kg/rdf-terms";
export { readRecboleKg, readRecboleLinks, type RecboleOptions } from "./kg/recbole-kg";
export { type Relation } from "./kg/relation";
export { graphReport, type DegreeSummary, type GraphReport, type RelationSummary } from "./kg/report";
export { openEndpoint, type EndpointCounts, type EndpointOptions, type SparqlEndpoint } from "./kg/sparql-endpoint";
export { boundIri, boundText, boundValues, sparql, type SparqlPart } from "./kg/sparql-query";
export { parseResults, type SparqlRow, type SparqlRows } from "./kg/sparql-results";
export { selectAll, PartialAnswer, type PageOptions, type SparqlSource } from "./kg/sparql-source";
export { openStore } from "./kg/sparql-store";
export { multiply } from "./kg/sparse";
export { foldTitle, looseTitle, partsOfTitle, titleWords, type TitleParts } from "./kg/titles";
export { keepTriples, readTriples, tripleTexts, triplesFrom, type Triples, type TripleTexts } from "./kg/triples";
export { communities, metaPathGraph, neighbourhood, toGraphology, type Community, type NeighbourhoodOptions } from "./kg/views";

// personas: vectors of nodes from their graph, without labels
export { personaGraph, rewired, rowNormalised, type NodeFeatures, type PersonaGraph, type PersonaPath } from "./personas/graph";
export { personaGraphOf, personaPaths, type GraphOfType, type PersonaGraphOptions } from "./personas/from-graph";
export { namePersonas, personaGroups, type NamedPersona, type NameOptions, type PersonaGroups, type PersonaMark } from "./personas/clusters";
export { nearestPersonas, personaStability, type NearNode, type Stability } from "./personas/likeness";
export { learnPersonas, personaBudgets, type Personas, type NearPersona, type PersonaItem, type PersonaOptions, type PersonaView } from "./personas/personas";
export { itemShares, movedBy, pathShares, spreadOf, withoutEdges, withoutPaths, type ItemShare, type PathShare } from "./personas/explain";
export { explorePersonas, type ExplorationOptions, type ExploredNode, type ExplorerCandidate, type PersonaExploration, type PersonaState } from "./personas/exploration";
export { type NodeView, type SeenNode } from "./personas/look";
export { type NewNodes } from "./personas/new-nodes";
export { readAcm3025 } from "./personas/acm3025";
export { readLabelledGraph, type GraphFiles } from "./personas/graph-files";
export { labelQuality, meanAggregated, type F1, type LabelledGraph, type LabelQuality } from "./personas/labelled";
export { Hdgi, hdgiDefaults, type HdgiOptions, type HdgiReport } from "./personas/hdgi";
export { Dmgi, dmgiDefaults, type DmgiOptions, type DmgiReport } from "./personas/dmgi";

// models: one paper a file; by id, and how they are tuned
export { makerOf, models, type ModelId, type ModelMaker } from "./models/index";
export { Bert4Rec, bert4RecBudgets, bert4RecDefaults, type Bert4RecOptions } from "./models/bert4rec";
export { Gru4Rec, gru4RecBudgets, gru4RecDefaults, gru4RecRanges, type Gru4RecOptions } from "./models/gru4rec";
export { attentionWeights, type AttentionWeights } from "./models/attention-weights";
export { bprMaxLoss, bprMaxRowsLoss, crossEntropyLoss, type BprMaxOptions } from "./models/gru4rec-losses";
export { type ItemInput, type ItemVectors } from "./models/item-table";
export { Narm, narmBudgets, narmDefaults, narmRanges, type NarmOptions } from "./models/narm";
export { type NeuralOptions } from "./models/neural";
export { Niser, niserBudgets, niserDefaults, niserRanges, type NiserOptions } from "./models/niser";
export { sessionGraphs, type SessionGraphs } from "./models/session-graph";
export { SrGnn, srGnnBudgets, srGnnDefaults, srGnnRanges, type SrGnnOptions } from "./models/sr-gnn";
export { Stamp, stampBudgets, stampDefaults, stampRanges, type StampOptions } from "./models/stamp";
export { ItemKnn, itemKnnSpace, type ItemKnnOptions } from "./models/item-knn";
export { NeighbourModel, type SessionNeighbour } from "./models/neighbour-model";
export { PersonaSasrec, personaSasrecDefaults, type PersonaSasrecOptions } from "./models/persona-sasrec";
export { type PersonaInjection } from "./models/persona-injection";
export { personaSource, randomPersonas, shuffledPersonas, type PersonaSource, type LearntPersonas } from "./models/persona-source";
export { blends, chooseBlend, type BlendChoice } from "./models/blend";
export { stageLosses, TwoStage, twoStageDefaults, type CaseTrace, type Stage, type StageLosses, type TwoStageOptions } from "./models/two-stage";
export { SessionKnn, sessionKnnSpace, type SessionKnnOptions } from "./models/session-knn";
export { type SessionSets } from "./models/session-sets";
export { UserGru, userGruBudgets, userGruDefaults, type UserGruOptions } from "./models/user-gru";
export { type SessionUserKind, type SessionUserSource } from "./models/session-user";
export { VsKnn, vsKnnSpace, type VsKnnOptions } from "./models/vs-knn";
export { Stan, stanSpace, type StanOptions } from "./models/stan";
export { Vstan, vstanSpace, type VstanOptions } from "./models/vstan";
export { Markov, markovSpace, type MarkovOptions } from "./models/markov";
export { SequentialRules, sequentialRulesSpace, type SequentialRulesOptions } from "./models/sequential-rules";
export { Pop, type PopOptions } from "./models/pop";
export { type FitContext, type FitReport, type Recommendation, type RecommendQuery, type Recommender } from "./models/recommender";
export { Sasrec, sasrecBudgets, sasrecDefaults, sasrecRanges, type SasrecOptions } from "./models/sasrec";
export { SessionPop, sessionPopSpace, type SessionPopOptions } from "./models/session-pop";
export { compareSplits, type CompareSplitsOptions, type SplitRun, type SplitsComparison } from "./models/two-splits";
export { search, type Round, type SearchOptions, type SearchReport, type SearchTrial } from "./models/search";
export { choice, drawSettings, integer, logUniform, uniform, type Range, type Space } from "./models/space";
export { tune, type Trial, type TuneReport, type TuneContext } from "./models/tune";

// response: how users answer slates, what they would have answered, and worlds whose truth is known
export { abduct, type Abducted } from "./response/abduct";
export { act, type Action, type Intervention } from "./response/act";
export { clickRates, lessPopularItems, sessionCounts, type ClickRates, type SessionCounts } from "./response/ctr";
export { gumbelChoice, logisticClicks, logSoftmax, posteriorGumbel, posteriorLogistic, type UniformAt } from "./response/gumbel";
export { confidence, identify, refuseUnidentified, supportOf, type Identification, type Support } from "./response/identify";
export { imputeSlates, type ImputedLog, type ImputeOptions } from "./response/impute";
export { inspectSession, type Alternative, type InspectedSide, type InspectedStep, type Inspection } from "./response/inspect";
export { keyedGumbel, keyedUniform, NO_CLICK, noiseKey } from "./response/keyed-noise";
export { logLikelihoods, type Mechanism, type Steppers, type StepView } from "./response/mechanism";
export { fixedPolicy, loggingPolicy, oraclePolicy, randomPolicy, recommenderPolicy, weightedPolicy, type ScoringModel } from "./response/policies";
export { type PolicyContext, type SlatePolicy } from "./response/policy";
export { predict, type Counterfactual, type PredictOptions } from "./response/predict";
export { recsimWorld, repeatingPolicy, sessionStatistics, worldLike, type FittedWorld, type SessionStatistics } from "./response/presets";
export { ResponseModel, responseDefaults, type ResponseContext, type ResponseOptions } from "./response/response-model";
export { simulate, worldCounterfactual, worldNoise, type SimulateOptions, type Simulation } from "./response/simulate";
export { checkLog, choicesOf, clickSessions, logEvents, stepCount, takeSessions, type ResponseKind, type SlateLog } from "./response/slate-log";
export { makeWorld, worldDefaults, type World, type WorldColumns, type WorldKnobs } from "./response/world";
export { worldMechanism } from "./response/world-mechanism";

// augmentation: sessions for training that are made of training sessions, and what they are held against
export { casrAugmenter, type CasrOptions, type CasrParts } from "./augmentation/casr";
export { copyRates, type CopyRates } from "./augmentation/copies";
export { counterfactualAugmenter, counterfactualDefaults, type CounterfactualOptions, type CounterfactualParts } from "./augmentation/counterfactual";
export { cprAugmenter, type CprOptions } from "./augmentation/cpr";
export { duplicateAugmenter } from "./augmentation/duplicates";
export { editAugmenter, type EditOptions, type ItemEdit } from "./augmentation/item-edits";
export { permutedAugmenter } from "./augmentation/permuted";
export { randomProposer, recommenderProposer, type RecommenderProposerOptions } from "./augmentation/proposers";
export type { Augmentation, Augmenter, SlateProposer } from "./augmentation/types";
export { catalogueLoss, type CatalogueLoss, type Debias } from "./models/debias";
export { mixedSessions, type WarmStart } from "./models/warm-start";

// augmentation, diffusion: item vectors out of noise, guided by a session; slates of them
export { collapseOf, standardise, type Collapse, type StandardVectors } from "./augmentation/diffusion/item-vectors";
export { DiffusionModel, diffusionDefaults, type DiffusionOptions, type SampleOptions } from "./augmentation/diffusion/diffusion-model";
export { type SessionEncoder } from "./augmentation/diffusion/lesson";
export { sampledTimes, type SampledStep } from "./augmentation/diffusion/samplers";
export { diffusionSchedule, type Schedule, type ScheduleName } from "./augmentation/diffusion/schedules";
export { diffusionProposer, nearestSlates, type ProposerOptions, type Retrieval } from "./augmentation/diffusion/slates";
export { slateStatistics, type SlateStatistics } from "./augmentation/diffusion/statistics";
export { DiffusionRecommender, diffusionRecommenderDefaults, type DiffusionRecommenderOptions } from "./augmentation/diffusion/recommender";

// papers, online: counterfactual sessions in simulated worlds
export { runOnline, type OnlineExperiment, type OnlineResult } from "./papers/online/online";
export { type OnlineArm, type OnlineRole, type OnlineSetting } from "./papers/online/arms";
export { type PaperComparison } from "./papers/comparisons";
export { type AddedReport } from "./papers/online/bench";
export { onlineReport, type OnlineComparison, type OnlineReport, type OnlineRow, type PrimaryComparison } from "./papers/online/report";
export { onlineData, type OnlineData, type OnlineSizes, type OnlineStart, type OnlineWorldName, type OnlineWorldOptions } from "./papers/online/world";

// display: what a terminal, a notebook and a page show
export { progressBar, type Bar, type BarStream } from "./display/bar";
export { histogramFigure, lengthFigure, lossFigure, popularityFigure, splitFigure, type FigureWords } from "./display/distributions";
export { intervalFigure, intervalSvg, type Figure, type IntervalPlot, type IntervalPoint } from "./display/figure";
export { graphFigure, type GraphLike } from "./display/graphs";
export { heatmapFigure, type HeatmapPanel, type HeatmapWords } from "./display/heatmap";
export { type Sentence } from "./display/sentences";
export { renderTable, type TableFormat } from "./display/formats";
export { toBundle, type MimeBundle } from "./display/mime";
export { notebookProgress, type NotebookDisplay, type NotebookProgress } from "./display/notebook-progress";
export { htmlPage, paragraph, plotBlock, type PageSection } from "./display/page";
export { personaMapFigure } from "./display/persona-explorer";
export { type Cell, type Column, type Estimate, type Table } from "./display/table";

// papers: published numbers, experiments, results, reports
export { runBase, type BaseReport, type BaseResult, type BaseRow, type BaseSettings, type BaseTable, type Protocol } from "./papers/base/base";
export { benchmarkReport, type BenchmarkReport } from "./papers/benchmark/report";
export { type BenchmarkRow } from "./papers/benchmark/benchmark";
export { departuresRegister, departureTables, type Departure, type DeparturesRegister, type DepartureTables } from "./papers/departures";
export { type Claim, type LedgerSection } from "./papers/ledger/claims";
export { resultFaults, type ResultFault } from "./papers/ledger/check";
export { publishedPages, type Page } from "./papers/pages";
export { ledger, type Ledger, type LedgerPaper, type LedgerRow } from "./papers/ledger/ledger";
export { headlineClaims, headlineTable, ledgerHeadlines, ledgerRule, ledgerSectionsOf, ledgerSummary, ledgerTables } from "./papers/ledger/sections";
export { type Found, type LedgerVerdict, type Ours, type Tested } from "./papers/ledger/rules";
export { type Block, type Section, type Shown } from "./papers/report-sections";
export { type Measured } from "./papers/measure";
export { diffResults, diffTable, findResult, type ResultDiff, type ResultDifference } from "./papers/diff";
export { openChoices, type ChoicePlace, type OpenChoice, type PaperName } from "./papers/open-choices";
export { runPersonas, type PersonaResult, type PersonaRun, type PersonaSettings, type PersonaOptionSets } from "./papers/hdgi/hdgi";
export { recboleSasrec, references, type Reference } from "./papers/references";
export { readResults, resultId, resultsId, writeResult, type Result, type ResultPart } from "./papers/results";

// Values learn here how they are shown: their own files know nothing of display.
addRenderers(baseRenderer, personaRenderer, counterfactualRenderer, onlineRenderer, ledgerRenderer);
giveDisplay([SessionLabError, tf.Tensor, KnowledgeGraph, Pop, SessionPop, Markov, SequentialRules, ItemKnn, SessionKnn, VsKnn, Stan, Vstan, Gru4Rec, Narm, Stamp, SrGnn, Niser, Bert4Rec, UserGru, Sasrec, DiffusionRecommender]);
