/** Feeds the page from its server: curves as they grow by events, everything else whenever a report is new. */
import type { Curves, ReportData } from "../../report/index.js";
import { extended } from "../../view/index.js";
import type { Page } from "./page.js";

type Metric = Curves["steps"][number] | Curves["epochs"][number] | { readonly kind: "evaluation" | "session" };

const retryAfter = 2000;
/** Milliseconds between two drawings of the curves. */
const pace = 300;

export class Live {
  private data: ReportData | null = null;
  private curves: Curves = { steps: [], epochs: [] };
  private drawing = false;
  /** What becomes of the run. */
  private state = "live";

  constructor(private readonly page: Page) {}

  /** Listens, and begins again whenever the server went away: it then sends all curves anew. */
  connect(): void {
    const events = new EventSource("/events");
    events.addEventListener("open", () => this.fetchAll());
    events.addEventListener("data", () => this.fetchAll());
    events.addEventListener("curves", ({ data }) => this.draw(JSON.parse(data) as Curves));
    events.addEventListener("metrics", ({ data }) => this.draw(extended(this.curves, curvesOf(JSON.parse(data)))));
    events.addEventListener("state", ({ data }) => this.become(JSON.parse(data) as string));
    events.addEventListener("error", () => {
      this.page.say("reconnecting", "waiting");
      if (events.readyState === EventSource.CLOSED) setTimeout(() => this.connect(), retryAfter);
    });
  }

  private async fetchAll(): Promise<void> {
    const response = await fetch("/data.json").catch(() => null);
    if (!response?.ok) return this.page.say("no data yet", "waiting");
    this.data = (await response.json()) as ReportData;
    this.page.update({ ...this.data, curves: this.curves });
    this.say();
  }

  private become(state: string): void {
    this.state = state;
    this.say();
  }

  private say(): void {
    this.page.say(this.state, /^(training|live)/.test(this.state) ? "live" : "waiting");
  }

  private draw(curves: Curves): void {
    this.curves = curves;
    if (this.drawing) return;
    this.drawing = true;
    setTimeout(() => {
      this.drawing = false;
      if (this.data) this.page.updateCurves(this.data, this.curves);
    }, pace);
  }
}

/** `metrics.jsonl` has other kinds of lines too. */
const curvesOf = (metrics: readonly Metric[]): Curves => ({
  steps: metrics.filter((metric) => metric.kind === "step"),
  epochs: metrics.filter((metric) => metric.kind === "epoch"),
});
