/** The curves as figures that keep the width of their place and are drawn again when numbers arrive. */
import type { Curves, RunFacts } from "../report/index.js";
import { type Chart, charts, type Drawing } from "./charts.js";
import { element, section } from "./element.js";

/** When a figure is drawn: at once, or in its turn where the page has more to do. */
export type Turns = (owner: object, draw: () => void) => void;

export class CurvesView {
  readonly element: HTMLElement;
  private readonly figures: readonly ChartView[];
  private readonly grid = element("div", { class: "charts" });
  private readonly nothing = element("p", { class: "empty" }, "No step has been made yet.");

  constructor(shown: readonly Chart[] = charts, turns: Turns = (_, draw) => draw()) {
    this.figures = shown.map((chart) => new ChartView(chart, turns));
    this.element = section("curves", "Training curves", null, this.nothing, this.grid);
  }

  update(curves: Curves, run: Pick<RunFacts, "chanceLoss">): void {
    this.nothing.hidden = curves.steps.length > 0;
    const drawn = this.figures.filter((figure) => figure.update(curves, run));
    if (drawn.length !== this.grid.childElementCount)
      this.grid.replaceChildren(...drawn.map((figure) => figure.element));
  }
}

class ChartView {
  readonly element: HTMLElement;
  private readonly keys = element("ul", { class: "legend" });
  private readonly place = element("div", { class: "plot", role: "img" });
  private drawing: Drawing | null = null;
  private width = 0;

  constructor(
    private readonly chart: Chart,
    private readonly turns: Turns,
  ) {
    const caption = element("figcaption", {}, element("h3", {}, chart.title), this.keys);
    this.element = element("figure", { class: chart.wide ? "card wide" : "card" }, caption, this.place);
    new ResizeObserver(([{ contentRect }]) => {
      if (Math.abs(contentRect.width - this.width) < 1) return;
      this.width = contentRect.width;
      this.turns(this, () => this.draw());
    }).observe(this.place);
  }

  /** Whether there is something to draw. */
  update(curves: Curves, run: Pick<RunFacts, "chanceLoss">): boolean {
    this.drawing = this.chart.draw(curves, run);
    this.turns(this, () => this.draw());
    return this.drawing !== null;
  }

  private draw(): void {
    if (!this.drawing || this.width === 0) return;
    const { words, keys, plot } = this.drawing;
    this.place.setAttribute("aria-label", words);
    this.place.replaceChildren(plot(this.width));
    const swatch = (colour: string): HTMLElement => element("span", { class: "swatch", "--colour": colour });
    this.keys.replaceChildren(
      ...keys.map(([name, colour]) => element("li", {}, element("span", { class: "key" }, swatch(colour), name))),
    );
  }
}
