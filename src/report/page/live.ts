/** Feeds the page from its server: all data when connected, then metrics as they are written. */
import type { Curves, ReportData } from "../data.js";
import type { Page } from "./page.js";
import { extended } from "./series.js";

type Metric = Curves["steps"][number] | Curves["epochs"][number];

const retryAfter = 2000;
/** Milliseconds between two drawings of the curves. */
const pace = 300;

export class Live {
  private data: ReportData | null = null;
  private curves: Curves = { steps: [], epochs: [] };
  /** What came while all data were being fetched, which may not have it yet. */
  private meanwhile: Curves[] | null = null;
  private drawing = false;

  constructor(private readonly page: Page) {}

  /** Listens, and begins again whenever the server went away: what was missed is in the data then. */
  connect(): void {
    const events = new EventSource("/events");
    events.addEventListener("open", () => this.fetchAll());
    events.addEventListener("data", () => this.fetchAll());
    events.addEventListener("metrics", ({ data }) => this.append(metricsOf(data)));
    events.addEventListener("error", () => {
      this.page.say("reconnecting", "waiting");
      if (events.readyState === EventSource.CLOSED) setTimeout(() => this.connect(), retryAfter);
    });
  }

  private async fetchAll(): Promise<void> {
    this.meanwhile = [];
    const response = await fetch("/data.json").catch(() => null);
    if (!response?.ok) return this.page.say("no data yet", "waiting");
    this.data = (await response.json()) as ReportData;
    this.curves = (this.meanwhile ?? []).reduce(extended, this.data.curves);
    this.meanwhile = null;
    this.page.update({ ...this.data, curves: this.curves });
    this.page.say("live", "live");
  }

  private append(more: Curves): void {
    this.curves = extended(this.curves, more);
    this.meanwhile?.push(more);
    if (this.drawing) return;
    this.drawing = true;
    setTimeout(() => {
      this.drawing = false;
      if (this.data) this.page.updateCurves(this.data, this.curves);
    }, pace);
  }
}

/** Of the lines of an event; `metrics.jsonl` has other kinds too. */
function metricsOf(lines: string): Curves {
  const metrics = lines
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as Metric);
  return {
    steps: metrics.filter((metric) => metric.kind === "step"),
    epochs: metrics.filter((metric) => metric.kind === "epoch"),
  };
}
