/**
 * Optimizers as graph fragments (SGD, AdamW, LARS; clipping; exclusions), and schedules as plain functions.
 *
 * @module hcsc/optim
 */
export {
  applyUpdates,
  type OptimizerKind,
  type OptimizerSettings,
  optimizerKinds,
  type Rates,
  slotNames,
} from "./optimizers.js";
export { type ScheduleSettings, scheduleFactor, scheduleKinds, stretched } from "./schedules.js";
export { globalNorm, type Parameter, type Slots } from "./transforms.js";
