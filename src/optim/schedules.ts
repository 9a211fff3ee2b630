/** Learning-rate schedules: plain functions of time in epochs. */
import { said, UsageError } from "../errors.js";

interface Steps {
  /** The epochs at which the rate is multiplied by `gamma`. */
  readonly milestones: readonly number[];
  readonly gamma: number;
}

/** The factor of the base rate at an epoch, but for warm-up. */
type ShapeOf<S> = (settings: S, epoch: number, epochs: number) => number;

const shapes = {
  constant: (_: object) => 1,
  /** ½(1 + cos π·epoch/epochs), by whole epochs as in the authors' code. */
  cosine: (_: object, epoch, epochs) => 0.5 * (1 + Math.cos((Math.PI * Math.floor(epoch)) / epochs)),
  step: (s: Steps, epoch) => s.gamma ** s.milestones.filter((m) => epoch >= m).length,
} as const satisfies Record<string, ShapeOf<never>>;

type Shapes = typeof shapes;

interface Common<K> {
  readonly kind: K;
  /** Epochs of linear warm-up from 0, by the step. */
  readonly warmupEpochs: number;
}

/** A schedule: its kind, and what that kind is told. */
export type ScheduleSettings = {
  readonly [K in keyof Shapes]: Common<K> & Parameters<Shapes[K]>[0];
}[keyof Shapes];

/** Names of the schedules. */
export const scheduleKinds = Object.keys(shapes) as [keyof Shapes, ...(keyof Shapes)[]];

/**
 * The factor of the base rate at a time.
 *
 * @param epoch - epochs done, with fractions within one, ≥ 0
 * @param epochs - epochs of the whole run, > 0
 */
export function scheduleFactor(settings: ScheduleSettings, epoch: number, epochs: number): number {
  if (!(epochs > 0) || !(epoch >= 0))
    throw new UsageError(
      "wrong-value",
      said`schedule: ${{ field: "epoch" }} ${epoch} of ${epochs}; give 0 ≤ epoch and epochs > 0`,
    );
  const warm = settings.warmupEpochs > 0 ? Math.min(1, epoch / settings.warmupEpochs) : 1;
  const shape: ShapeOf<never> = shapes[settings.kind];
  return warm * shape(settings as never, epoch, epochs);
}

/** A schedule for `epochs` as another is for `before`: its milestones move along. */
export const stretched = (settings: ScheduleSettings, before: number, epochs: number): ScheduleSettings =>
  settings.kind === "step"
    ? { ...settings, milestones: settings.milestones.map((m) => (m * epochs) / before) }
    : settings;
