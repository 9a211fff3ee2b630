/** A server for this machine alone: bound to 127.0.0.1, for its own pages, which it shows and takes nothing from. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { UsageError } from "../errors.js";

export interface LocalServer {
  readonly url: string;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** Answers a GET or HEAD of a path. */
export type Answer = (response: ServerResponse) => Promise<void>;

const address = "127.0.0.1";
/** What one machine's windows may hold open and send, and for how long. */
const limits = { connections: 1024, headerBytes: 8192, requestMilliseconds: 10_000 } as const;

/** What every answer says. */
export const localHeaders = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

/**
 * Serves what `answers` has, by path; nothing else is there. No part of a request is ever a path of the disk.
 *
 * @param port - 0: a free one
 * @throws UsageError if the port cannot be had
 */
export async function serveLocally(answers: ReadonlyMap<string, Answer>, port: number): Promise<LocalServer> {
  const { connections, headerBytes, requestMilliseconds } = limits;
  const times = { headersTimeout: requestMilliseconds, requestTimeout: requestMilliseconds };
  const server = createServer({ maxHeaderSize: headerBytes, ...times }, (request, response) => {
    const refusal = refusalOf(request, (server.address() as AddressInfo).port);
    const answer = answers.get((request.url ?? "").split("?")[0]);
    if (refusal) refuse(response, ...refusal);
    else if (!answer) refuse(response, 404, "there is no such page");
    else
      answer(response).catch((error: Error) => {
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
      ...localHeaders,
      "content-type": "text/plain; charset=utf-8",
      connection: "close", // what else it would send is not read
      ...(status === 405 ? { allow: "GET, HEAD" } : {}),
    })
    .end(`${why}\n`);
};
