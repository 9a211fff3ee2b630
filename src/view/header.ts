/** The run in a few figures. */
import type { Curves, ReportData } from "../report/index.js";
import { element } from "./element.js";
import { figureList, type KeyFigure } from "./figures.js";
import { count, figure } from "./numbers.js";

export class HeaderView {
  readonly element = element("header", { class: "masthead", id: "top" });

  update({ run, curves, tree }: ReportData): void {
    const done = epochsDone(curves, run.epoch);
    const levels = tree.kind === "levels" ? tree.levels.map((level) => count(level.length)).join(" · ") : null;
    this.element.replaceChildren(
      element("h1", {}, run.name),
      element("p", { class: "lead" }, `${count(run.images)} images of ${run.data}`),
      element(
        "div",
        { class: "epochs" },
        element("progress", { max: run.epochs, value: done, "aria-label": "Epochs" }),
        element("span", {}, `epoch ${count(done)} of ${count(run.epochs)}`),
      ),
      figureList([
        ...keyFigures(curves, run.chanceLoss),
        { name: "images", value: count(run.images) },
        ...(levels ? [{ name: "prototypes by level", value: levels }] : []),
      ]),
    );
  }
}

/** Whole epochs, by the curves where they are further than the checkpoint. */
const epochsDone = ({ epochs }: Curves, checkpoint: number | null): number =>
  Math.max(checkpoint ?? 0, epochs.length > 0 ? epochs[epochs.length - 1].epoch + 1 : 0);

function keyFigures({ steps, epochs }: Curves, chance: number): readonly KeyFigure[] {
  const last = epochs.at(-1);
  const loss = last?.loss ?? steps.at(-1)?.loss;
  const accuracy = epochs.findLast((epoch) => epoch.onlineKnn !== undefined)?.onlineKnn;
  const pace = epochs.at(-1)?.imagesPerSecond;
  return [
    ...(loss === undefined || loss === null
      ? []
      : [
          {
            name: last ? "loss, last epoch" : "loss, last step",
            value: loss.toFixed(3),
            beside: `chance ${figure(chance)}`,
          },
        ]),
    ...(accuracy === undefined ? [] : [{ name: "online kNN", value: `${figure(accuracy)} %` }]),
    ...(pace === undefined ? [] : [{ name: "images a second", value: figure(pace) }]),
  ];
}
