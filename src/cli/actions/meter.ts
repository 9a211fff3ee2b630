/** How far work is, for people: a bar in a terminal, a plain line now and then elsewhere. All of it on stderr. */
import { Presets, SingleBar } from "cli-progress";
import { duration, oneLine } from "../../text.js";
import { isPlain, shown } from "../print.js";

export interface Meter {
  /** @param note - by default the stage's rate and the time left */
  readonly progress: (stage: string, done: number, total: number, note?: string) => void;
  /** A line that stays. */
  readonly line: (text: string) => void;
  readonly stop: () => void;
}

const plainEverySeconds = 15;
/** What the words of a line want beside its bar, of whose 40 columns narrow terminals have fewer. */
const wordColumns = 60;

/** @param quiet - whether progress is not shown */
export function openMeter(quiet: boolean): Meter {
  const bar =
    process.stderr.isTTY && !quiet
      ? new SingleBar(
          {
            format: "{stage} {bar} {value}/{total} {note}",
            hideCursor: true,
            clearOnComplete: true,
            stream: process.stderr,
            linewrap: false,
            barsize: Math.min(40, Math.max(5, process.stderr.columns - wordColumns)),
          },
          isPlain ? Presets.legacy : Presets.shades_classic,
        )
      : null;
  let isShown = false;
  let stageNow = "";
  let [before, began, last] = [0, 0, performance.now()];
  const pace = (done: number, total: number): string => {
    const seconds = (performance.now() - began) / 1000;
    if (done === 0 || seconds < 0.5) return "";
    return `${(done / seconds).toFixed(0)}/s | ${duration(((total - done) * seconds) / done)} left`;
  };
  const hide = () => {
    if (isShown) bar?.stop();
    isShown = false;
  };
  return {
    progress(stage, done, total, note) {
      if (stageNow !== stage || done <= before) {
        hide();
        [stageNow, began] = [stage, performance.now()];
      }
      before = done;
      const payload = { stage, note: note ?? pace(done, total) };
      if (bar) {
        if (!isShown) bar.start(total, done, payload);
        isShown = true;
        bar.update(done, payload);
        if (done === total) hide();
      } else if (!quiet && payload.note !== "" && performance.now() - last > plainEverySeconds * 1000) {
        last = performance.now();
        process.stderr.write(shown(`${stage} ${done}/${total} ${payload.note}\n`));
      }
    },
    line(text) {
      hide();
      process.stderr.write(shown(`${oneLine(text)}\n`));
    },
    stop: hide,
  };
}
