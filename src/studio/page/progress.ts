/** A run under way: what it runs on, how far it is, its curves, and the buttons that pause and stop it. */
import { type Curves, fewerSteps, type ReportData } from "../../report/index.js";
import { duration } from "../../text.js";
import {
  CurvesView,
  charts,
  count,
  element,
  extended,
  figure,
  figureList,
  type KeyFigure,
  plural,
} from "../../view/index.js";
import type { Ask, News, State } from "../protocol.js";
import type { Turns } from "./turns.js";

type Steps = Extract<News, { kind: "steps" }>;

/** Steps that the page keeps; of more, means of several. */
const mostSteps = 4000;
/** Milliseconds between two drawings of the curves. */
const pace = 700;

type Command = Extract<Ask, { kind: "pause" | "continue" | "stop" }>["kind"];
interface Button {
  readonly command: Command;
  readonly name: string;
}
const pause: Button = { command: "pause", name: "Pause" };
const go: Button = { command: "continue", name: "Go on" };
const stop: Button = { command: "stop", name: "Stop" };

/** What can be done, and what is said, in each state of a run. */
const states: Readonly<Record<State, { readonly words: string; readonly buttons: readonly Button[] }>> = {
  empty: { words: "", buttons: [] },
  opening: { words: "", buttons: [] },
  ready: { words: "", buttons: [] },
  training: { words: "Training", buttons: [pause, stop] },
  paused: { words: "Paused. What was learned is kept.", buttons: [go, stop] },
  stopped: { words: "Stopped. What was learned is kept, and training can go on.", buttons: [go] },
  shown: { words: "A run without its images. Open the same images to go on with it.", buttons: [] },
  finished: { words: "Finished", buttons: [] },
  failed: { words: "Training ended by an error. What was learned up to the last checkpoint is kept.", buttons: [] },
};

export class Progress {
  readonly element: HTMLElement;
  private readonly words = element("p", { class: "state", role: "status" });
  private readonly buttons = element("div", { class: "row" });
  private readonly device = element("p", { class: "muted" });
  private readonly bar = element("progress", { "aria-label": "Epochs", max: 1, value: 0 });
  private readonly epochs = element("span", {});
  private readonly stage = element("p", { class: "muted stage" });
  private readonly figures = element("div", { class: "figuresPlace" });
  private readonly curveViews: readonly CurvesView[];
  private curves: Curves = { steps: [], epochs: [] };
  private chanceLoss = 0;
  private drawn = Number.NEGATIVE_INFINITY;
  private isDue = false;

  constructor(
    private readonly turns: Turns,
    private readonly command: (command: Command) => void,
  ) {
    const [loss, others] = [true, false].map((isWide) => charts.filter(({ wide = false }) => wide === isWide));
    this.curveViews = [loss, others].map((shown) => new CurvesView(shown, turns.take));
    const [lossCurve, otherCurves] = this.curveViews.map((view) => view.element);
    this.element = element(
      "div",
      { class: "progress" },
      element(
        "div",
        { class: "card panelled" },
        element("div", { class: "row spread" }, this.words, this.buttons),
        element("div", { class: "epochs" }, this.bar, this.epochs),
        this.stage,
        this.figures,
        this.device,
      ),
      lossCurve,
      element("details", { class: "onDemand" }, element("summary", {}, "More curves"), otherCurves),
    );
  }

  /** Forgets the run before. */
  clear(): void {
    this.curves = { steps: [], epochs: [] };
    for (const part of [this.device, this.epochs, this.stage, this.figures]) part.replaceChildren();
    this.bar.value = 0;
    this.draw();
  }

  become(state: State): void {
    const { words, buttons } = states[state];
    this.words.textContent = words;
    this.words.dataset.state = state;
    const focused = (document.activeElement as HTMLElement | null)?.dataset.command;
    this.buttons.replaceChildren(
      ...buttons.map(({ command, name }) =>
        element(
          "button",
          {
            type: "button",
            class: command === "stop" ? "quiet" : "main",
            "data-command": command,
            onclick: () => this.command(command),
          },
          name,
        ),
      ),
    );
    // Who pressed one of them goes on with its successor.
    if (focused) this.buttons.querySelector("button")?.focus();
    this.stage.textContent =
      state === "training" ? "Getting ready: the network is made, and a few steps tell how fast this machine is" : "";
  }

  on({ provider, threads, words }: Extract<News, { kind: "device" }>): void {
    const name =
      provider === "webgpu"
        ? "the GPU, by WebGPU"
        : `the processor, by WebAssembly with ${threads === 1 ? "one thread" : `${threads} threads`}`;
    this.device.textContent = [`Runs on ${name}.`, ...words].join(" ");
  }

  plan({ epochs, seconds }: Extract<News, { kind: "plan" }>): void {
    this.far(0, epochs);
    this.showFigures([{ name: "planned", value: duration(seconds), beside: `${count(epochs)} epochs` }]);
  }

  steps(news: Steps): void {
    const { metrics, epoch, epochs, imagesPerSecond, secondsLeft, chanceLoss } = news;
    this.curves = extended(this.curves, { steps: metrics, epochs: [] });
    const { steps } = this.curves;
    if (steps.length > mostSteps) this.curves = { ...this.curves, steps: fewerSteps(steps, mostSteps / 2) };
    this.chanceLoss = chanceLoss;
    this.stage.replaceChildren();
    this.far(epoch, epochs);
    const last = metrics.at(-1);
    this.showFigures([
      ...(last ? [{ name: "loss", value: last.loss.toFixed(3), beside: `chance ${figure(chanceLoss)}` }] : []),
      { name: "images a second", value: figure(imagesPerSecond) },
      { name: "left", value: duration(secondsLeft) },
      ...(last ? [{ name: "step", value: count(last.step) }] : []),
    ]);
    this.draw();
  }

  atStage({ stage, done, total }: Extract<News, { kind: "stage" }>): void {
    this.stage.textContent = total > 0 ? `${stage}: ${count(done)} of ${count(total)}` : stage;
  }

  /** The run's curves as its files have them, under steps that are newer. */
  report({ run, curves }: ReportData): void {
    const last = curves.steps.at(-1)?.step ?? 0;
    const newer = this.curves.steps.filter(({ step }) => step > last);
    this.curves = extended(curves, { steps: newer, epochs: [] });
    this.chanceLoss = run.chanceLoss;
    if (run.epoch !== null) this.far(Math.max(run.epoch, this.bar.value), run.epochs);
    this.draw();
  }

  private far(epoch: number, epochs: number): void {
    Object.assign(this.bar, { max: epochs, value: epoch });
    this.epochs.textContent = `${count(Math.floor(epoch))} of ${plural(epochs, "epoch")}`;
  }

  private showFigures(figures: readonly KeyFigure[]): void {
    this.figures.replaceChildren(figureList(figures));
  }

  /** Soon, and not more often than people see. */
  private draw(): void {
    if (this.isDue) return;
    this.isDue = true;
    const wait = Math.max(0, this.drawn + pace - performance.now());
    setTimeout(() => {
      this.isDue = false;
      this.drawn = performance.now();
      for (const view of this.curveViews)
        this.turns.take(view, () => view.update(this.curves, { chanceLoss: this.chanceLoss }));
    }, wait);
  }
}
