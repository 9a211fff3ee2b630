/** Training a run in the page: from where it stands, on a device that may be lost on the way. */

import type { Loader } from "../../data/index.js";
import { chanceLoss, type RunFolder, resumePoint, type Session, type TrainResult, train } from "../../train/index.js";
import type { PageImages } from "../../web/index.js";
import type { Device } from "./device.js";
import type { NewsDesk } from "./news.js";
import { isLost } from "./problems.js";

/** What a run is trained with. */
export interface Setting {
  readonly run: RunFolder;
  readonly images: PageImages;
  readonly loader: Loader;
  readonly device: Device;
  readonly news: NewsDesk;
  readonly signal: AbortSignal;
  /** Told of the run as each start of the trainer has described it. */
  readonly begun: (run: RunFolder) => void;
  /** Waited for after each epoch. */
  readonly afterEpoch: (run: RunFolder, device: Device, epochs: number) => Promise<void>;
}

/** How often a device may be lost in a row, without an epoch between, before that is an error. */
const mostLosses = 3;

/**
 * Trains to the recipe's last epoch, or until it is stopped. Where the device is lost it goes on from the last checkpoint.
 *
 * @param reopen - gives another device in place of one that is lost
 * @throws as `train`
 */
export async function trained(setting: Setting, reopen: () => Promise<Device>): Promise<TrainResult> {
  let { run, device } = setting;
  let losses = 0;
  /** Epochs after which what follows one was cut off by a loss. */
  let due: number | null = null;
  for (;;) {
    try {
      const afterEpoch: Setting["afterEpoch"] = async (trained, on, epochs) => {
        losses = 0;
        due = epochs;
        await setting.afterEpoch(trained, on, epochs);
        due = null;
      };
      const done = await session({ ...setting, run, device, afterEpoch }, (described) => {
        run = described;
        setting.begun(described);
      });
      if (due !== null) await setting.afterEpoch(run, device, due);
      return done;
    } catch (error) {
      if (!isLost(error) || ++losses > mostLosses) throw error;
      setting.news.problem(`${(error as Error).message} Training goes on from the last checkpoint.`);
      device = await reopen();
    }
  }
}

/** One start of the trainer, in the run's history. */
async function session(
  { run: before, images, loader, device, news, signal, afterEpoch }: Setting,
  describe: (run: RunFolder) => void,
): Promise<TrainResult> {
  const { source } = images;
  const { recipe, sessions = [] } = before.description;
  const point = await resumePoint(before, (message) => news.problem(message));
  const place = {
    provider: device.provider,
    crossCheck: device.provider !== "cpu",
    threads: device.threads,
    step: point?.checkpoint.position.step ?? 0,
  } satisfies Partial<Session>;
  const started = new Date().toISOString();
  const run = await before.described({
    ...before.description,
    sessions: [...sessions, { started, changes: [], ...place }],
  });
  describe(run);
  let clusterSeconds = 0;
  let stepsPerEpoch = 1;
  const chance = chanceLoss(recipe.method.queue);
  await device.engine.drop(); // what other runs have left there
  const done = await train({
    run,
    engine: device.engine,
    target: device.target,
    source,
    loader,
    resume: point?.checkpoint,
    signal,
    afterEpoch: (epochs) => afterEpoch(run, device, epochs),
    report(event) {
      if (event.kind === "start") stepsPerEpoch = event.stepsPerEpoch;
      else if (event.kind === "step") {
        const { metric, imagesPerSecond, remainingSeconds } = event;
        const secondsLeft = remainingSeconds + (recipe.epochs - metric.epoch - 1) * clusterSeconds;
        const told = { imagesPerSecond, secondsLeft, epoch: metric.epoch, epochs: recipe.epochs, chanceLoss: chance };
        news.step(metric, told, metric.step % stepsPerEpoch === 0);
      } else if (event.kind === "cluster") clusterSeconds = event.seconds;
      else if (event.kind === "embed") news.stage("embedding the images", event.done, event.total);
      else if (event.kind === "progress") news.stage(event.stage, event.done, event.total);
      else if (event.kind === "warning") news.problem(event.message);
    },
  });
  news.flushSteps();
  await run.append({ kind: "session", ...place, step: done.position.step, seconds: done.seconds });
  await run.flushMetrics();
  return done;
}
