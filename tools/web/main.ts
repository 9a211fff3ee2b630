/**
 * `npm run web [-- --port N]`: the page that trains, on 127.0.0.1; Ctrl-C ends it. `npm run web:build [-- --out FOLDER]`: the same as a
 * static site for any host, in web/.
 */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { UsageError } from "../../src/errors.js";
import { serveSite } from "./serve.js";
import { buildSite } from "./site.js";

try {
  const { out, port } = parseArgs({
    options: { out: { type: "string" }, port: { type: "string", default: "8642" } },
  }).values;
  if (out !== undefined) await write(out);
  else await serve(port);
} catch (error) {
  if (!(error instanceof UsageError) && !isWrongFlag(error as NodeJS.ErrnoException)) throw error;
  console.error((error as Error).message);
  process.exitCode = 2;
}

function isWrongFlag({ code = "" }: NodeJS.ErrnoException): boolean {
  return code.startsWith("ERR_PARSE_ARGS");
}

async function write(out: string): Promise<void> {
  await buildSite(out);
  console.log(`${out}: serve it by any host.
With the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp on every file, WebAssembly has all
the processor's cores; without them one, which the page says.`);
}

async function serve(given: string): Promise<void> {
  const port = Number(given);
  if (!(Number.isInteger(port) && port >= 0 && port < 65536))
    throw new UsageError("wrong-value", `--port ${given}: give a whole number from 0 (a free one) to 65535`);
  const site = "build/web";
  await buildSite(site);
  const server = await serveSite(site, port);
  console.log(`${server.url}  Nothing leaves this machine. Ctrl-C ends it.`);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  await server.close();
}
