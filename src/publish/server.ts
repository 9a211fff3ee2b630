/**
 * The page of a run that is still training, on this machine alone: bound to 127.0.0.1, three addresses, nothing of the disk
 * but the run's metrics and report. No part of a request is ever a path.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { UsageError } from "../errors.js";
import { reportNow } from "../report/index.js";
import type { RunFolder } from "../train/index.js";
import { livePage, livePolicy } from "./html.js";
import { Viewers } from "./viewers.js";

export interface PageServer {
  readonly url: string;
  /** Ends every connection. */
  close(): Promise<void>;
}

const address = "127.0.0.1";
/** What one machine's windows may hold open and send, and for how long. */
const limits = { connections: 1024, headerBytes: 8192, requestMilliseconds: 10_000 } as const;

const headers = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

type Answer = (run: RunFolder, response: ServerResponse, viewers: Viewers) => Promise<void>;

const routes: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  [
    "/",
    async (_, response) => {
      const policy = `${await livePolicy()}; frame-ancestors 'none'`;
      const about = { "content-type": "text/html; charset=utf-8", "content-security-policy": policy };
      response.writeHead(200, { ...headers, ...about }).end(await livePage());
    },
  ],
  [
    "/data.json",
    async (run, response) => {
      const content = JSON.stringify(await reportNow(run));
      response.writeHead(200, { ...headers, "content-type": "application/json; charset=utf-8" }).end(content);
    },
  ],
  [
    "/events",
    async (_, response, viewers) => {
      response.writeHead(200, { ...headers, "content-type": "text/event-stream" });
      if (response.req.method === "HEAD") response.end();
      else viewers.add(response);
    },
  ],
]);

/** Serves a run's page. @param port - 0: a free one. @throws UsageError if the port cannot be had */
export async function servePage(run: RunFolder, port: number): Promise<PageServer> {
  const viewers = new Viewers(run);
  const { connections, headerBytes, requestMilliseconds } = limits;
  const times = { headersTimeout: requestMilliseconds, requestTimeout: requestMilliseconds };
  const server = createServer({ maxHeaderSize: headerBytes, ...times }, (request, response) => {
    const refusal = refusalOf(request, (server.address() as AddressInfo).port);
    const answer = routes.get((request.url ?? "").split("?")[0]);
    if (refusal) refuse(response, ...refusal);
    else if (!answer) refuse(response, 404, "there is no such page");
    else
      answer(run, response, viewers).catch((error: Error) => {
        if (response.headersSent) response.destroy();
        else refuse(response, 500, error.message);
      });
  });
  server.maxConnections = connections;
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
      viewers.close();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/**
 * Why a request is not answered. A page elsewhere whose name was made to resolve to this machine (DNS rebinding) sends that name
 * as its host; one that asks across names sends its own as its origin.
 */
function refusalOf(request: IncomingMessage, port: number): [status: number, why: string] | null {
  const { method = "", headers: asked } = request;
  const names = ["localhost", "127.0.0.1", "[::1]"].flatMap((n) => [`${n}:${port}`, ...(port === 80 ? [n] : [])]);
  const isOwn = (host: string) => names.includes(host.toLowerCase());
  const { host = "", origin } = asked;
  if (!isOwn(host)) return [403, "this server answers to localhost alone"];
  if (origin !== undefined && !(origin.startsWith("http://") && isOwn(origin.slice("http://".length))))
    return [403, "this server answers to its own page alone"];
  if (method !== "GET" && method !== "HEAD") return [405, "this server only shows"];
  if (asked["transfer-encoding"] !== undefined || Number(asked["content-length"] ?? 0) !== 0)
    return [413, "this server takes nothing in"];
  return null;
}

const refuse = (response: ServerResponse, status: number, why: string): void => {
  response
    .writeHead(status, {
      ...headers,
      "content-type": "text/plain; charset=utf-8",
      connection: "close", // what else it would send is not read
      ...(status === 405 ? { allow: "GET, HEAD" } : {}),
    })
    .end(`${why}\n`);
};
