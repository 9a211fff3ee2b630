/** Learning-rate schedules: plain functions of time in epochs. */
import { UsageError } from "../errors.js";

export interface ScheduleSettings {
  readonly kind: keyof typeof shapes;
  /** Epochs of linear warm-up from 0, by the step. */
  readonly warmupEpochs: number;
  /** `step`: the epochs at which the rate is multiplied by `gamma`. */
  readonly milestones: readonly number[];
  readonly gamma: number;
}

type ShapeOf = (epoch: number, epochs: number, s: ScheduleSettings) => number;

const shapes = {
  constant: () => 1,
  /** ½(1 + cos π·epoch/epochs), by whole epochs as in the authors' code. */
  cosine: (epoch, epochs) => 0.5 * (1 + Math.cos((Math.PI * Math.floor(epoch)) / epochs)),
  step: (epoch, _, s) => s.gamma ** s.milestones.filter((m) => epoch >= m).length,
} as const satisfies Record<string, ShapeOf>;

export const scheduleKinds = Object.keys(shapes) as [keyof typeof shapes, ...(keyof typeof shapes)[]];

/**
 * The factor of the base rate at a time.
 *
 * @param epoch - epochs done, with fractions within one, ≥ 0
 * @param epochs - epochs of the whole run, > 0
 */
export function scheduleFactor(settings: ScheduleSettings, epoch: number, epochs: number): number {
  if (!(epochs > 0) || !(epoch >= 0))
    throw new UsageError(`schedule: epoch ${epoch} of ${epochs}; give 0 ≤ epoch and epochs > 0`);
  const warm = settings.warmupEpochs > 0 ? Math.min(1, epoch / settings.warmupEpochs) : 1;
  return warm * shapes[settings.kind](epoch, epochs, settings);
}
