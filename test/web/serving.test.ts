/** The site as `npm run web` serves it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import test, { type ExecutionContext } from "ava";

function started(t: ExecutionContext, ...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ["build/tools/web/main.js", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  t.teardown(() => child.kill("SIGKILL"));
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

test("the page is served at the port that was asked for, isolated, until Ctrl-C ends it with 0", async (t) => {
  const port = await freePort();
  const child = started(t, "--port", String(port));
  const [line] = await once(child.stdout as NonNullable<ChildProcess["stdout"]>, "data");
  const url = `http://127.0.0.1:${port}/`;
  t.is(String(line), `${url}  Nothing leaves this machine. Ctrl-C ends it.\n`);
  const page = await fetch(url);
  t.regex(await page.text(), /^<!doctype html>[\s\S]*<script type="module" src="page\.js">/);
  const script = await fetch(`${url}work.js`);
  for (const { headers } of [page, script]) {
    t.is(headers.get("cross-origin-opener-policy"), "same-origin");
    t.is(headers.get("cross-origin-embedder-policy"), "require-corp");
    t.regex(headers.get("content-security-policy") ?? "", /connect-src 'self'/);
  }
  const exit = once(child, "exit");
  child.kill("SIGINT");
  t.deepEqual(await exit, [0, null]);
  await t.throwsAsync(fetch(url));
});

for (const args of [
  ["--port", "70000"],
  ["--prot", "80"],
])
  test(`${args.join(" ")} is wrong usage, and said in a line`, async (t) => {
    const child = started(t, ...args);
    const [said] = await once(child.stderr as NonNullable<ChildProcess["stderr"]>, "data");
    t.true(String(said).includes(args[0]) && String(said).trim().split("\n").length === 1, String(said));
    t.deepEqual(await once(child, "exit"), [2, null]);
  });
