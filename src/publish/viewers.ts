/**
 * Those who watch a run: its files are looked at once for all of them, as long as there is one, so that many cost the trainer no
 * more than a few. Server-sent events: `curves` (all so far, in place of any before), `metrics` (a list of new ones, of many steps the
 * means of several), `data` (the report has changed), `state` (what becomes of the run).
 */
import { stat } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { holderOf, onDisk } from "../disk/index.js";
import { curvesOf, reportFile } from "../report/index.js";
import { type Metric, RunFolder } from "../train/index.js";
import { MetricsFollower } from "./follow.js";

const pollMilliseconds = 500;
/** For each viewer, so that many take no more of the processor than a hundred. */
const viewerMilliseconds = 5;
const stateMilliseconds = 5000;
const heartbeatMilliseconds = 15_000;
/** Bytes that wait for a viewer who does not take them: more, and the connection ends. The page's begins anew by itself. */
const mostWaiting = 2 ** 22;

/** Steps of one message: a small network does hundreds between two looks, more than a curve shows, and what viewers cost is bytes. */
const mostSteps = 25;

const message = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

export class Viewers {
  /** Those who have been told all so far, and those who have been told nothing. */
  private readonly told = new Set<ServerResponse>();
  private readonly joining = new Set<ServerResponse>();
  private readonly follower: MetricsFollower;
  private timer: NodeJS.Timeout | null = null;
  private report: string | null = null;
  private state = "";
  private epochs = 0;
  private lookedAt = Number.NEGATIVE_INFINITY;
  private spokenAt = 0;

  constructor(private readonly run: RunFolder) {
    this.follower = new MetricsFollower(run.metricsFile);
  }

  /** Tells one who asks, from now on until the connection ends. */
  add(response: ServerResponse): void {
    response.once("close", () => {
      this.told.delete(response);
      this.joining.delete(response);
    });
    this.joining.add(response);
    // Those who come together are told together.
    this.timer ??= setTimeout(() => this.look(), 0);
  }

  /** Ends every connection. */
  close(): void {
    if (this.timer) clearTimeout(this.timer);
    for (const response of [...this.told, ...this.joining]) response.end();
    this.told.clear();
    this.joining.clear();
  }

  private async look(): Promise<void> {
    try {
      await this.tellNews();
    } catch {
      // What cannot be read now may be when they ask again.
      this.close();
    }
    const count = this.told.size + this.joining.size;
    const pause = Math.max(pollMilliseconds, viewerMilliseconds * count);
    this.timer = count > 0 ? setTimeout(() => this.look(), pause) : null;
  }

  private async tellNews(): Promise<void> {
    const news = await this.follower.news();
    if (news) this.epochs = epochsAfter(news.isStart ? 0 : this.epochs, news.metrics);
    const report = await stamp(reportFile(this.run));
    const [now, { isNew, state }] = [performance.now(), await this.stateNow(news !== null)];
    const parts = [
      ...(news
        ? [news.isStart ? message("curves", curvesOf(news.metrics)) : message("metrics", thinned(news.metrics))]
        : []),
      ...(report === this.report ? [] : [message("data", null)]),
      ...(isNew ? [message("state", state)] : []),
    ];
    if (parts.length === 0 && now - this.spokenAt > heartbeatMilliseconds) parts.push(": still here\n\n");
    if (parts.length > 0) this.spokenAt = now;
    this.report = report;
    send(this.told, parts.join(""));
    await this.welcome();
  }

  private async stateNow(isLively: boolean): Promise<{ readonly isNew: boolean; readonly state: string }> {
    const before = this.state;
    if (isLively || performance.now() - this.lookedAt > stateMilliseconds) {
      this.state = await stateOf(this.run, this.epochs);
      this.lookedAt = performance.now();
    }
    return { isNew: this.state !== before, state: this.state };
  }

  /** Tells those who are new all that the others know. */
  private async welcome(): Promise<void> {
    if (this.joining.size === 0) return;
    const all = await this.follower.all();
    send(this.joining, message("curves", curvesOf(all)) + message("state", this.state));
    for (const response of this.joining) this.told.add(response);
    this.joining.clear();
  }
}

function send(responses: Iterable<ServerResponse>, text: string): void {
  if (text === "") return;
  const bytes = Buffer.from(text);
  for (const response of responses) {
    if (response.writableLength > mostWaiting) response.destroy();
    else response.write(bytes);
  }
}

function thinned(metrics: readonly Metric[]): readonly unknown[] {
  if (metrics.length <= mostSteps) return metrics;
  const { steps, epochs } = curvesOf(metrics, mostSteps);
  return [...steps, ...epochs];
}

const epochsAfter = (epochs: number, metrics: readonly Metric[]): number =>
  Number(metrics.findLast(({ kind }) => kind === "epoch")?.epoch ?? epochs - 1) + 1;

/** What becomes of a run, in words: its trainer is alive, has finished, or is gone. */
export async function stateOf({ path }: Pick<RunFolder, "path">, epochs: number): Promise<string> {
  const holder = await holderOf(path);
  if (holder) return `training: process ${holder.pid} on ${holder.host}`;
  const { recipe } = (await RunFolder.open(onDisk(path))).description;
  return epochs >= recipe.epochs ? "finished" : "nobody trains it: it was stopped, or died, and can be gone on with";
}

/** Changes whenever the file does; null while there is none. */
const stamp = (file: string): Promise<string | null> =>
  stat(file).then(
    ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
    () => null,
  );
