/**
 * `npm run web [-- --port N]`: the page that trains, on 127.0.0.1; Ctrl-C ends it. `npm run web:build [-- --out FOLDER]`: the same as a
 * static site for any host, in web/.
 */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { UsageError } from "../../src/errors.js";
import { serveSite } from "./serve.js";
import { buildSite } from "./site.js";

const { values: flags } = parseArgs({
  options: { out: { type: "string" }, port: { type: "string", default: "8642" } },
});

try {
  if (flags.out !== undefined) await write(flags.out);
  else await serve(Number(flags.port));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

async function write(out: string): Promise<void> {
  await buildSite(out);
  console.log(`${out}: serve it by any host.
With the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp on every file, WebAssembly has all
the processor's cores; without them one, which the page says.`);
}

async function serve(port: number): Promise<void> {
  if (!(Number.isInteger(port) && port >= 0 && port < 65536))
    throw new UsageError("wrong-value", `--port ${flags.port}: give a whole number from 0 (a free one) to 65535`);
  const site = "build/web";
  await buildSite(site);
  const server = await serveSite(site, port);
  console.log(`${server.url}  Nothing leaves this machine. Ctrl-C ends it.`);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  await server.close();
}
