/** The site on this machine alone, with the headers that threads need. */
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Answer, type LocalServer, localHeaders, serveLocally } from "../../src/publish/index.js";
import { policy } from "./site.js";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
};

/** A page is isolated, and may have threads, by the first of these beside the opener's policy. */
const isolated = {
  "cross-origin-embedder-policy": "require-corp",
  "content-security-policy": `${policy}; frame-ancestors 'none'`,
};

/** Serves a site's files. @param port - 0: a free one. @throws UsageError if the port cannot be had */
export async function serveSite(folder: string, port: number): Promise<LocalServer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const answers = new Map(files.map((file) => [pathOf(folder, file), answer(file)]));
  return serveLocally(answers, port);
}

const pathOf = (folder: string, file: string): string => {
  const path = file.slice(join(folder, sep).length).replaceAll(sep, "/");
  return path === "index.html" ? "/" : `/${path}`;
};

const answer =
  (file: string): Answer =>
  async (response) => {
    const type = types[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { ...localHeaders, ...isolated, "content-type": type });
    if (response.req.method === "HEAD") response.end();
    else await pipeline(createReadStream(file), response);
  };
