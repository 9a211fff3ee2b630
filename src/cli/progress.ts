/** Training events for people: a bar in a terminal, plain lines elsewhere. All of it on stderr. */
import { Presets, SingleBar } from "cli-progress";
import type { Reporter, TrainEvent } from "../train/index.js";
import { duration, percent } from "./print.js";

const plainEverySeconds = 15;

/** A reporter that suits `stderr`; `quiet` says nothing but warnings. */
export function terminalReporter(quiet: boolean): { readonly report: Reporter; readonly stop: () => void } {
  const tty = process.stderr.isTTY && !quiet;
  const bar = tty
    ? new SingleBar(
        {
          format: "{stage} {bar} {value}/{total} {note}",
          hideCursor: true,
          clearOnComplete: true,
          stream: process.stderr,
          linewrap: false,
        },
        Presets.shades_classic,
      )
    : null;
  let shown = "";
  let last = 0;
  const line = (text: string) => {
    if (bar && shown) bar.stop();
    shown = "";
    process.stderr.write(`${text}\n`);
  };
  const progress = (stage: string, done: number, total: number, note: string) => {
    if (bar) {
      if (shown !== stage) {
        if (shown) bar.stop();
        bar.start(total, done, { stage, note });
        shown = stage;
      }
      bar.update(done, { stage, note });
    } else if (!quiet && performance.now() - last > plainEverySeconds * 1000) {
      last = performance.now();
      process.stderr.write(`${stage} ${done}/${total} ${note}\n`);
    }
  };
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
    embed: (e) => progress("embedding", e.done, e.total, ""),
    cluster: (e) => {
      if (!quiet && tty) line(`clustered into ${e.counts.join(", ")} in ${duration(e.seconds)}`);
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
    warning: (e) => line(`warning: ${e.message}`),
    checkpoint: () => {},
  };
  return {
    report: (event) => (tell[event.kind] as (e: TrainEvent) => void)(event),
    stop: () => bar?.stop(),
  };
}
