/** Events for people: a bar in a terminal, plain lines elsewhere. All of it on stderr. */
import { counted, duration, percent } from "../../text.js";
import type { Reporter, TrainEvent } from "../../train/index.js";
import { advised, warn } from "../print.js";
import { openMeter } from "./meter.js";

/** A reporter with a meter; `quiet` says nothing of how far work is. */
export function terminal(quiet: boolean): { readonly report: Reporter; readonly stop: () => void } {
  const { line, progress, stop } = openMeter(quiet);
  const start = { epochs: 0, stepsPerEpoch: 0 };
  const tell: { readonly [K in TrainEvent["kind"]]: (e: Extract<TrainEvent, { kind: K }>) => void } = {
    start: (e) => {
      Object.assign(start, { epochs: e.epochs, stepsPerEpoch: e.stepsPerEpoch });
      const from = e.resumedAt === null ? "" : `, from step ${e.resumedAt}`;
      if (!quiet)
        line(
          `${e.images} images, ${e.epochs} epochs of ${e.stepsPerEpoch} steps, ${(e.parameters / 1e6).toFixed(2)} M parameters on ${e.provider}${from} → ${e.run}`,
        );
    },
    embedded: () => {},
    embed: (e) => progress("embedding", e.done, e.total),
    cluster: (e) => {
      if (!quiet && process.stderr.isTTY) line(`clustered into ${e.counts.join(", ")} in ${duration(e.seconds)}`);
    },
    step: (e) => {
      const inEpoch = e.metric.step - e.metric.epoch * start.stepsPerEpoch;
      const note = `loss ${e.metric.loss.toFixed(3)} | ${e.imagesPerSecond.toFixed(0)} images/s | waiting ${percent(100 * e.waitingShare, 0)} | ${duration(e.remainingSeconds)} left`;
      progress(`epoch ${e.metric.epoch + 1}/${start.epochs}`, inEpoch, start.stepsPerEpoch, note);
    },
    epoch: ({ metric: m }) => {
      const knn = m.onlineKnn === undefined ? "" : `, kNN ${percent(m.onlineKnn)} before it`;
      const clusters = m.clusters ? `, clusters ${m.clusters.join("/")}` : ", warm-up";
      if (!quiet)
        line(
          `epoch ${m.epoch + 1}/${start.epochs}: loss ${m.loss.toFixed(3)} (InfoNCE of chance ${m.chanceLoss.toFixed(2)})${clusters}${knn}, ${m.imagesPerSecond.toFixed(0)} images/s, ${duration(m.seconds)}`,
        );
    },
    stopping: ({ steps }) =>
      line(
        `stopping${steps > 0 ? ` after at most ${counted(steps, "step")} under way` : ""}, then saving; Ctrl-C again stops at once, and loses what is not saved`,
      ),
    kept: ({ decoded: { images, bytes, room } }) => {
      if (!quiet)
        line(
          `${images} images stay decoded in memory for the epochs to come: ${(bytes / 1e6).toFixed(0)} of at most ${(room / 1e6).toFixed(0)} MB`,
        );
    },
    warning: (e) => {
      stop();
      warn(advised(e));
    },
    note: (e) => line(advised(e)),
    progress: (e) => progress(e.stage, e.done, e.total),
    checkpoint: () => {},
  };
  return {
    report: (event) => (tell[event.kind] as (e: TrainEvent) => void)(event),
    stop,
  };
}
