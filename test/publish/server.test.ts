import { once } from "node:events";
import { appendFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import test from "ava";
import { UsageError } from "../../src/errors.js";
import { servePage } from "../../src/publish/index.js";
import type { ReportData } from "../../src/report/index.js";
import { emptyRun } from "./emptyRun.js";

const step = (n: number) => ({ kind: "step" as const, step: n, epoch: 0, loss: 1 / n, terms: [] });
const line = (n: number) => `${JSON.stringify(step(n))}\n`;

/** What comes back for these very bytes. */
function raw(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    let answer = "";
    socket.on("data", (d) => {
      answer += d;
    });
    socket.on("close", () => resolve(answer)).on("error", reject);
  });
}

const request = (target: string, { method = "GET", host }: { method?: string; host: string }) =>
  `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

const status = (answer: string) => Number(answer.split(" ")[1]);

/** The events of a server, one after the other. */
async function* eventsOf(
  url: string,
  signal: AbortSignal,
): AsyncGenerator<{ readonly event: string; readonly data: unknown }> {
  const { body, headers } = await fetch(`${url}events`, { signal });
  if (!headers.get("content-type")?.startsWith("text/event-stream"))
    throw new Error(String(headers.get("content-type")));
  let text = "";
  for await (const chunk of body as ReadableStream<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    const messages = text.split("\n\n");
    text = messages.pop() as string;
    for (const message of messages) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(message) ?? [];
      if (event) yield { event, data: JSON.parse(data) };
    }
  }
}

test("only the page, its data and its events are there, whatever the path", async (t) => {
  const server = await servePage(await emptyRun(), 0);
  const { port, host } = new URL(server.url);
  const ask = async (target: string, method = "GET") =>
    status(await raw(Number(port), request(target, { method, host })));
  t.is(await ask("/"), 200);
  t.is(await ask("/data.json"), 200);
  t.is(await ask("/data.json?again"), 200);
  t.is(await ask("/", "HEAD"), 200);
  t.is(await ask("/events", "HEAD"), 200);
  for (const target of [
    "/../../etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/run.json",
    "/metrics.jsonl",
    "//data.json",
    "/data.json/../run.json",
    "/__proto__",
    "http://elsewhere/data.json",
    "*",
  ])
    t.is(await ask(target), 404, target);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) t.is(await ask("/data.json", method), 405, method);
  await server.close();
});

test("another name for this machine is refused", async (t) => {
  const server = await servePage(await emptyRun(), 0);
  const port = Number(new URL(server.url).port);
  const ask = async (host: string) => status(await raw(port, request("/data.json", { host })));
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`])
    t.is(await ask(host), 200, host);
  for (const host of [
    `evil.example:${port}`,
    `localhost:${port + 1}`,
    "localhost",
    `localhost.evil.example:${port}`,
    "",
  ])
    t.is(await ask(host), 403, host);
  await server.close();
});

test("no way of writing a path leads to a file of the run, or of the disk", async (t) => {
  const run = await emptyRun();
  const server = await servePage(run, 0);
  const { port, host } = new URL(server.url);
  const secret = "secret-of-the-disk";
  await writeFile(join(run.path, "..", "secret.txt"), secret);
  await writeFile(join(run.path, "secret.txt"), secret);
  const [dots, slashes] = [
    ["..", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "%c0%ae%c0%ae", "%u002e%u002e", "\u2025", "....", "..;"],
    ["/", "//", "%2f", "%2F", "%5c", "\\", "%252f", "%c0%af", "/./", "%00/"],
  ];
  const targets = dots.flatMap((dot) =>
    slashes.flatMap((slash) => [
      `/${dot}${slash}secret.txt`,
      `/data.json${slash}${dot}${slash}${dot}${slash}secret.txt`,
      `/events${slash}${dot}${slash}secret.txt`,
    ]),
  );
  const more = [
    "/secret.txt",
    "secret.txt",
    "/secret.txt%00.json",
    "/./secret.txt",
    "file:///etc/passwd",
    "/data.json%20",
  ];
  for (const target of [...targets, ...more, `/${"a/".repeat(2000)}`]) {
    const answer = await raw(Number(port), request(target, { host }));
    t.true(status(answer) === 404 || status(answer) === 400, `${target}: ${answer.split("\r\n")[0]}`);
    t.false(answer.includes(secret), target);
  }
  await server.close();
});

test("a page of another origin is refused, the server's own is not", async (t) => {
  const server = await servePage(await emptyRun(), 0);
  const { port, host } = new URL(server.url);
  const ask = async (origin: string) =>
    status(
      await raw(
        Number(port),
        `GET /data.json HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\nConnection: close\r\n\r\n`,
      ),
    );
  for (const origin of [`http://${host}`, `http://localhost:${port}`]) t.is(await ask(origin), 200, origin);
  for (const origin of [
    "http://evil.example",
    "null",
    `http://${host}.evil.example`,
    `https://${host}`,
    `http://evil.example/${host}`,
    `http://127.0.0.1:${Number(port) + 1}`,
    "",
  ])
    t.is(await ask(origin), 403, origin);
  await server.close();
});

test("every answer says what it is, what a page of it may do, and in no frame", async (t) => {
  const server = await servePage(await emptyRun(), 0);
  for (const [path, type, policy] of [
    [
      "",
      "text/html; charset=utf-8",
      /^default-src 'none'; .*script-src 'sha256-[^']+'; .*connect-src 'self'.*frame-ancestors 'none'$/,
    ],
    ["data.json", "application/json; charset=utf-8", /^default-src 'none'; frame-ancestors 'none'$/],
    ["none", "text/plain; charset=utf-8", /^default-src 'none'; frame-ancestors 'none'$/],
  ] as const) {
    const { headers } = await fetch(`${server.url}${path}`);
    t.is(headers.get("content-type"), type, path);
    t.regex(headers.get("content-security-policy") ?? "", policy, path);
    t.is(headers.get("x-content-type-options"), "nosniff", path);
    t.is(headers.get("access-control-allow-origin"), null, path);
  }
  const page = await (await fetch(server.url)).text();
  const header = (await fetch(server.url)).headers.get("content-security-policy");
  t.true(
    page.includes(`content="${header?.replace("; frame-ancestors 'none'", "")}"`),
    "the page's own policy is the header's",
  );
  await server.close();
});

test("what is sent to it is bounded: no bodies, no long heads, no request that never ends, so many connections", async (t) => {
  const server = await servePage(await emptyRun(), 0);
  const { port, host } = new URL(server.url);
  const head = (more: string) => `GET / HTTP/1.1\r\nHost: ${host}\r\n${more}`;
  t.is(status(await raw(Number(port), head("Content-Length: 5\r\n\r\nhello"))), 413);
  t.is(status(await raw(Number(port), head("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))), 413);
  t.is(status(await raw(Number(port), head(`X-Long: ${"a".repeat(9000)}\r\n\r\n`))), 431);
  t.is(status(await raw(Number(port), "nonsense\r\n\r\n")), 400);
  const sockets = Array.from({ length: 1024 }, () => connect(Number(port), "127.0.0.1"));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  const refused = connect(Number(port), "127.0.0.1").on("error", () => {});
  refused.resume();
  await once(refused, "close");
  for (const socket of sockets) socket.destroy();
  for (let i = 0; i < 100 && status(await raw(Number(port), request("/", { host })).catch(String)) !== 200; i++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  t.is(status(await raw(Number(port), request("/", { host }))), 200, "room again");
  await server.close();
});

test("viewers that come at different times are each told all, once, and one look serves them all", async (t) => {
  const run = await emptyRun();
  const server = await servePage(run, 0);
  const leave = new AbortController();
  t.teardown(async () => {
    await server.close();
    leave.abort();
  });
  const steps = async (events: AsyncGenerator<{ event: string; data: unknown }>, until: number) => {
    const seen: number[] = [];
    for await (const { event, data } of events) {
      if (event === "curves") seen.push(...(data as ReportData["curves"]).steps.map((s) => s.step));
      if (event === "metrics") seen.push(...(data as { step: number }[]).map((s) => s.step));
      if (seen.at(-1) === until) break;
    }
    return seen;
  };
  await appendFile(run.metricsFile, line(1));
  const watching = [steps(eventsOf(server.url, leave.signal), 40)];
  for (let n = 2; n <= 40; n++) {
    await appendFile(run.metricsFile, line(n));
    if (n % 10 === 0) watching.push(steps(eventsOf(server.url, leave.signal), 40));
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  const all = Array.from({ length: 40 }, (_, i) => i + 1);
  for (const seen of await Promise.all(watching)) t.deepEqual(seen, all);
});

test("it is not reached from other machines", async (t) => {
  const server = await servePage(await emptyRun(), 0);
  const port = Number(new URL(server.url).port);
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  // An address of the loopback network that is not bound stands for those of other networks.
  const elsewhere = own.filter((a) => a.family === "IPv4" && !a.internal).map((a) => a.address);
  for (const address of [...elsewhere, ...(process.platform === "linux" ? ["127.0.0.2"] : [])]) {
    const reached = await new Promise((resolve) => {
      const socket = connect(port, address, () => resolve(true));
      socket.on("error", () => resolve(false)).setTimeout(2000, () => resolve(false));
    });
    t.false(reached, address);
  }
  await server.close();
  await t.throwsAsync(fetch(server.url));
});

test("before a report the page has the run's facts and curves", async (t) => {
  const run = await emptyRun();
  await appendFile(run.metricsFile, line(1) + line(2));
  const server = await servePage(run, 0);
  const data = async () => (await (await fetch(`${server.url}data.json`)).json()) as ReportData;
  const before = await data();
  t.is(before.run.name, "run");
  t.is(before.run.epoch, null);
  t.true(Math.abs(before.run.chanceLoss - Math.log(65)) < 1e-12);
  t.deepEqual(new Map(before.run.recipe).get("method.clusters"), "[6,3]");
  t.is(before.images, null);
  t.deepEqual(
    before.curves.steps.map((s) => s.step),
    [1, 2],
  );
  const report = { ...before, run: { ...before.run, epoch: 7 }, curves: { steps: [], epochs: [] } };
  await writeFile(join(run.path, "report.json"), JSON.stringify(report));
  const after = await data();
  t.is(after.run.epoch, 7);
  t.is(after.curves.steps.length, 2);
  await writeFile(join(run.path, "report.json"), "{");
  const damaged = await data();
  t.regex(damaged.tree.kind === "none" ? damaged.tree.why : "", /damaged/);
  await server.close();
});

test("events: what is there, new lines whole, a file cut or replaced anew, a new report", async (t) => {
  const run = await emptyRun();
  const server = await servePage(run, 0);
  const leave = new AbortController();
  t.teardown(async () => {
    await server.close(); // With the client still there.
    leave.abort();
  });
  const events = eventsOf(server.url, leave.signal);
  type Event = { event: string; data: { steps: { step: number }[] } & { step: number }[] };
  const states: unknown[] = [];
  const next = async (): Promise<Event> => {
    const event = (await events.next()).value as Event;
    if (event.event !== "state") return event;
    states.push(event.data);
    return next();
  };
  const curves =
    (...steps: number[]) =>
    async (what: string) => {
      const { event, data } = await next();
      t.is(event, "curves", what);
      t.deepEqual(
        data.steps?.map((s) => s.step),
        steps,
        what,
      );
    };
  const metrics = async (...steps: number[]) => {
    const { event, data } = await next();
    t.is(event, "metrics");
    t.deepEqual(
      data.map((s) => s.step),
      steps,
    );
  };
  await curves()("no file yet");
  const put = async (text: string, file = run.metricsFile) => {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };
  await put(line(1) + line(2));
  await curves(1, 2)("the file is made");
  await appendFile(run.metricsFile, line(3) + line(4).slice(0, 10));
  await metrics(3);
  await appendFile(run.metricsFile, line(4).slice(10));
  await metrics(4);
  await appendFile(run.metricsFile, Array.from({ length: 100 }, (_, i) => line(5 + i)).join(""));
  await metrics(...Array.from({ length: 25 }, (_, i) => 8 + 4 * i)); // of many the means of four each
  await run.rewind(2);
  await curves(1, 2)("rewound");
  // Replaced by one that is longer than what was read.
  await put(line(1) + line(2) + line(3) + line(5) + line(6));
  await curves(1, 2, 3, 5, 6)("replaced");
  await truncate(run.metricsFile, line(1).length);
  await curves(1)("cut");
  await rm(run.metricsFile);
  await curves()("gone");
  await put("{}", join(run.path, "report.json"));
  t.is((await next()).event, "data");
  await t.throwsAsync(
    Promise.race([
      events.next(),
      new Promise((_, reject) => {
        setTimeout(() => reject(new Error("quiet")), 1200);
      }),
    ]),
    { message: "quiet" },
  );
  t.regex(String(states[0]), /nobody trains it|finished/);
});

test("clients that leave are forgotten", async (t) => {
  const run = await emptyRun();
  const server = await servePage(run, 0);
  const before = process.getActiveResourcesInfo().filter((r) => r.includes("Timeout")).length;
  for (let i = 0; i < 12; i++) {
    const leave = new AbortController();
    await eventsOf(server.url, leave.signal).next();
    leave.abort();
  }
  await new Promise((resolve) => setTimeout(resolve, 1000));
  t.true(process.getActiveResourcesInfo().filter((r) => r.includes("Timeout")).length < before + 12);
  await server.close();
});

test("a port that is taken is wrong usage", async (t) => {
  const run = await emptyRun();
  const server = await servePage(run, 0);
  const error = await t.throwsAsync(servePage(run, Number(new URL(server.url).port)), {
    instanceOf: UsageError,
    message: /EADDRINUSE.*choose another/,
  });
  t.deepEqual((error as UsageError).settings, ["port"]);
  await server.close();
});
