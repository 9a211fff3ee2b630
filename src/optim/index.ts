/** Optimizers as graph fragments (SGD, AdamW, LARS; clipping; exclusions), and schedules as plain functions. */
export { type OptimizerKind, type OptimizerSettings, type Rates, applyUpdates, optimizerKinds, slotNames } from "./optimizers.js";
export { type ScheduleSettings, scheduleFactor, scheduleKinds } from "./schedules.js";
export { type Parameter, type Slots, globalNorm } from "./transforms.js";
