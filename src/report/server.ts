/**
 * The page of a run that is still training, on this machine alone: bound to 127.0.0.1, three addresses, nothing of the disk
 * but the run's metrics and report.
 */
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { UsageError } from "../errors.js";
import { holderOf, RunFolder } from "../train/index.js";
import { curvesOf } from "./curves.js";
import { MetricsFollower } from "./follow.js";
import { livePage } from "./html.js";
import { reportFile, reportNow } from "./kept.js";

export interface PageServer {
  readonly url: string;
  /** Ends every connection. */
  close(): Promise<void>;
}

const address = "127.0.0.1";
const pollMilliseconds = 500;
const stateMilliseconds = 5000;
const heartbeatMilliseconds = 15_000;

const headers = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
} as const;

type Answer = (run: RunFolder, response: ServerResponse, signal: AbortSignal) => Promise<void>;

const text =
  (type: string, body: (run: RunFolder) => Promise<string>): Answer =>
  async (run, response) => {
    const content = await body(run);
    response.writeHead(200, { ...headers, "content-type": `${type}; charset=utf-8` }).end(content);
  };

const routes: ReadonlyMap<string, Answer> = new Map([
  ["/", text("text/html", livePage)],
  ["/data.json", text("application/json", async (run) => JSON.stringify(await reportNow(run)))],
  ["/events", events],
]);

/** Serves a run's page. @param port - 0: a free one. @throws UsageError if the port cannot be had */
export async function servePage(run: RunFolder, port: number): Promise<PageServer> {
  const ended = new AbortController();
  const server = createServer((request, response) => {
    const refusal = refusalOf(request, (server.address() as AddressInfo).port);
    const answer = routes.get((request.url ?? "").split("?")[0]);
    if (refusal) refuse(response, ...refusal);
    else if (!answer) refuse(response, 404, "there is no such page");
    else
      answer(run, response, ended.signal).catch((error: Error) => {
        if (response.headersSent) response.destroy();
        else refuse(response, 500, error.message);
      });
  });
  server.listen(port, address);
  await once(server, "listening").catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(
      "occupied",
      `port ${port} cannot be had (${cause.code}): choose another, or 0 for a free one`,
      { cause, settings: ["port"] },
    );
  });
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}/`,
    async close() {
      ended.abort();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/**
 * Why a request is not answered. A page elsewhere whose name was made to resolve to this machine (DNS rebinding) sends that name
 * as its host.
 */
function refusalOf({ method = "", headers: { host = "" } }: IncomingMessage, port: number): [number, string] | null {
  const names = ["localhost", "127.0.0.1", "[::1]"].flatMap((n) => [`${n}:${port}`, ...(port === 80 ? [n] : [])]);
  if (!names.includes(host.toLowerCase())) return [403, "this server answers to localhost alone"];
  if (method !== "GET" && method !== "HEAD") return [405, "this server only shows"];
  return null;
}

const refuse = (response: ServerResponse, status: number, why: string): void => {
  response
    .writeHead(status, { ...headers, "content-type": "text/plain", ...(status === 405 ? { allow: "GET, HEAD" } : {}) })
    .end(`${why}\n`);
};

/**
 * Server-sent events: `curves` (all so far, in place of any before), `metrics` (a list of new ones), `data` (the report has
 * changed), `state` (what becomes of the run).
 */
async function events(run: RunFolder, response: ServerResponse, ended: AbortSignal): Promise<void> {
  response.writeHead(200, { ...headers, "content-type": "text/event-stream" });
  if (response.req.method === "HEAD") {
    response.end();
    return;
  }
  const gone = new AbortController();
  const end = () => gone.abort();
  response.once("close", end);
  ended.addEventListener("abort", end, { once: true });
  const send = async (message: string) => {
    if (!response.write(message)) await once(response, "drain", { signal: gone.signal });
  };
  const tell = (event: string, data: unknown) => send(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const follower = new MetricsFollower(run.metricsFile);
  let report = await stamp(reportFile(run));
  let spoken = performance.now();
  let [epochs, state, lookedAt] = [0, "", Number.NEGATIVE_INFINITY];
  try {
    while (!gone.signal.aborted) {
      const [news, now] = [await follower.news(), await stamp(reportFile(run))];
      if (news?.isStart) await tell("curves", curvesOf(news.metrics));
      else if (news) await tell("metrics", news.metrics);
      if (now !== report) await tell("data", null);
      if (news?.isStart) epochs = 0;
      for (const metric of news?.metrics ?? []) if (metric.kind === "epoch") epochs = Number(metric.epoch) + 1;
      if (news || performance.now() - lookedAt > stateMilliseconds) {
        const found = await stateOf(run, epochs);
        if (found !== state) await tell("state", found);
        [state, lookedAt] = [found, performance.now()];
      }
      const isQuiet = !news && now === report;
      if (isQuiet && performance.now() - spoken > heartbeatMilliseconds) await send(": still here\n\n");
      else if (isQuiet) {
        await setTimeout(pollMilliseconds, undefined, { signal: gone.signal });
        continue;
      }
      report = now;
      spoken = performance.now();
    }
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    ended.removeEventListener("abort", end);
    response.end();
  }
}

/** What becomes of a run, in words: its trainer is alive, has finished, or is gone. */
export async function stateOf({ path }: Pick<RunFolder, "path">, epochs: number): Promise<string> {
  const holder = await holderOf(path);
  if (holder) return `training: process ${holder.pid} on ${holder.host}`;
  const { recipe } = (await RunFolder.open(path)).description;
  return epochs >= recipe.epochs ? "finished" : "nobody trains it: it was stopped, or died, and can be gone on with";
}

/** Changes whenever the file does; null while there is none. */
const stamp = (file: string): Promise<string | null> =>
  stat(file).then(
    ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
    () => null,
  );
