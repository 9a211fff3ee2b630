/** What commands begin with: a learner, whose news go to the terminal, closed whatever happens. */

import type { Engine } from "../../engine/index.js";
import {
  type Learner,
  type LearnerOptions,
  openHeardEngine,
  withLearner as withOpenLearner,
} from "../../learner/index.js";
import type { Precision } from "../../precision.js";
import type { EngineOptions } from "../../runtime/index.js";
import { share, type World } from "../../world/index.js";
import { terminal } from "./progress.js";

/** Options of commands that run graphs. */
export interface EngineFlags {
  readonly backend?: EngineOptions["backend"];
  readonly provider?: string;
  readonly precision?: Precision;
  readonly crossCheck?: boolean;
  readonly threads?: number;
  readonly capture?: boolean;
  readonly workers?: number;
  readonly maxBroken?: number;
  readonly json?: boolean;
}

/** Of commands on a run. */
export interface RunFlags extends EngineFlags {
  readonly run: string;
  readonly data?: string;
}

const engineOf = ({ backend, provider, precision, crossCheck, threads, capture }: EngineFlags) => ({
  ...(backend && { backend }),
  ...(provider && { provider }),
  ...(precision && { precision }),
  ...(threads && { threads }),
  ...(crossCheck === undefined ? {} : { crossCheck }),
  ...(capture === undefined ? {} : { capture }),
});

/** Opens an engine for `use`, and closes it. */
export async function withEngine<T>(flags: EngineFlags, use: (engine: Engine) => Promise<T>): Promise<T> {
  const { report, stop } = terminal(flags.json === true);
  const engine = await openHeardEngine(engineOf(flags), report);
  try {
    return await use(engine);
  } finally {
    await engine.close();
    stop();
  }
}

/** What learners are opened with by a command's flags, for `use`, while the terminal listens. */
export async function heard<T>(flags: EngineFlags, use: (options: LearnerOptions) => Promise<T>): Promise<T> {
  const { report, stop } = terminal(flags.json === true);
  const { workers, maxBroken } = flags;
  try {
    return await use({ report, workers, maxBroken, ...engineOf(flags) });
  } finally {
    stop();
  }
}

/** Opens a learner for `use`, by a command's flags and what else it is opened with. */
export const withLearner = <T>(
  flags: EngineFlags,
  options: LearnerOptions,
  use: (learner: Learner) => Promise<T>,
): Promise<T> => heard(flags, (own) => withOpenLearner({ ...own, ...options }, use));

/** Opens a run's learner, on the images that `--data` names, or else the run's own. A run is used in fp32 unless told otherwise. */
export const onRun = <T>(
  flags: RunFlags,
  use: (learner: Learner) => Promise<T>,
  options: LearnerOptions = {},
): Promise<T> =>
  withLearner(
    { precision: "fp32", ...flags },
    { keepDecoded: false, run: flags.run, images: flags.data, ...options },
    use,
  );

/** After how many updates the encoder of a learner's run is, which process 0 has read. */
export const stepOf = async (world: World, learner: Learner): Promise<number> =>
  share(world, world.rank === 0 ? (await learner.trained()).checkpoint.position.step : 0);
