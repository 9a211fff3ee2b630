/** News on their way to the page: no more of a kind than it can show. */
import type { StepMetric } from "../../train/index.js";
import type { News } from "../protocol.js";

/** Milliseconds between news of one kind that come often. */
const apart = 150;

type Steps = Omit<Extract<News, { kind: "steps" }>, "kind" | "metrics">;

export class NewsDesk {
  private lastProgress = { what: "", at: 0 };
  private metrics: StepMetric[] = [];
  private rest: Steps | null = null;
  private lastSteps = 0;

  /** @param post - sends news */
  constructor(readonly tell: (news: News) => void) {}

  problem(words: string, lasting = false): void {
    this.tell({ kind: "problem", words, lasting });
  }

  readonly stage = (stage: string, done: number, total: number): void => {
    if (this.isDue(stage, done === total)) this.tell({ kind: "stage", stage, done, total });
  };

  readonly opening = (done: number, total: number | null): void => {
    if (this.isDue("opening", done === total)) this.tell({ kind: "opening", done, total });
  };

  /** @param isLast - whether those held back are to go now */
  step(metric: StepMetric, rest: Steps, isLast: boolean): void {
    this.metrics.push(metric);
    this.rest = rest;
    if (isLast || performance.now() - this.lastSteps >= apart) this.flushSteps();
  }

  /** Tells the steps that were held back. */
  flushSteps(): void {
    if (!this.rest || this.metrics.length === 0) return;
    this.lastSteps = performance.now();
    this.tell({ kind: "steps", metrics: this.metrics, ...this.rest });
    this.metrics = [];
  }

  private isDue(what: string, isLast: boolean): boolean {
    const now = performance.now();
    if (!isLast && what === this.lastProgress.what && now - this.lastProgress.at < apart) return false;
    this.lastProgress = { what, at: now };
    return true;
  }
}
