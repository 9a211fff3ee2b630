import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ExecutionContext } from "ava";
import { type Curves, livePage, type ReportData } from "../../src/report/index.js";
import { inChromium, openChromium } from "../browser/chromium.js";
import { sampleCurves, sampleReport } from "./sampleReport.js";

/** What `hcsc watch` promises the page: its HTML, `/data.json`, `/events`. */
class Watched {
  curves: Curves = { steps: [], epochs: [] };
  private readonly listeners = new Set<ServerResponse>();
  private server: Server | null = null;
  port = 0;

  constructor(private readonly data: ReportData) {}

  async start(): Promise<void> {
    const html = await livePage();
    const answers: Readonly<Record<string, () => readonly [type: string, body: string]>> = {
      "/": () => ["text/html", html],
      "/data.json": () => ["application/json", JSON.stringify({ ...this.data, curves: this.curves })],
    };
    this.server = createServer(({ url = "" }, response) => {
      if (url === "/events") {
        response.writeHead(200, { "Content-Type": "text/event-stream" }).write("retry: 200\n\n");
        this.listeners.add(response);
        return;
      }
      const [type, body] = answers[url]?.() ?? ["text/plain", ""];
      response.writeHead(answers[url] ? 200 : 404, { "Content-Type": type }).end(body);
    });
    const server = this.server;
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  send({ steps, epochs }: Curves): void {
    this.curves = { steps: [...this.curves.steps, ...steps], epochs: [...this.curves.epochs, ...epochs] };
    const lines = [...steps, ...epochs].map((metric) => `data: ${JSON.stringify(metric)}\n`).join("");
    for (const listener of this.listeners) listener.write(`event: metrics\n${lines}\n`);
  }

  announce(curves: Curves): void {
    this.curves = curves;
    for (const listener of this.listeners) listener.write("event: data\ndata: {}\n\n");
  }

  stop(): Promise<void> {
    this.listeners.clear();
    this.server?.closeAllConnections();
    return new Promise((resolve) => this.server?.close(() => resolve()));
  }
}

const part = (epochs: number, from = 0): Curves => {
  const { steps, epochs: all } = sampleCurves(epochs);
  return { steps: steps.slice(25 * from), epochs: all.slice(from) };
};

inChromium(
  "the live page grows with the run, follows new data, and comes back after its server did",
  async (t: ExecutionContext) => {
    const sample = await sampleReport(40);
    const watched = new Watched({ ...sample, images: null, tree: { kind: "none", why: "warm-up" }, confusion: null });
    await watched.start();
    t.teardown(() => watched.stop());
    const page = await (await openChromium()).newPage();
    t.teardown(() => page.close());
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(`http://127.0.0.1:${watched.port}/`);
    await page.getByText("No step has been made yet.").waitFor();
    await page.locator(".status", { hasText: "live" }).waitFor();

    const words = page.locator("#curves .plot").first();
    const reaches = async (step: number): Promise<void> => {
      await page.waitForFunction(
        (wanted) => document.querySelector("#curves .plot")?.getAttribute("aria-label")?.includes(wanted),
        ` at step ${step};`,
      );
      t.pass();
    };
    watched.send(part(1));
    await reaches(25);
    watched.send(part(3, 1));
    await reaches(75);
    t.regex((await words.getAttribute("aria-label")) ?? "", /at step 1,/);
    t.regex(await page.locator(".masthead").innerText(), /epoch 12 of 20/);

    watched.announce(part(4));
    await reaches(100);

    await watched.stop();
    await page.locator(".status", { hasText: "reconnecting" }).waitFor();
    watched.curves = part(6);
    await watched.start();
    await reaches(150);
    await page.locator(".status", { hasText: "live" }).waitFor();
    watched.send(part(7, 6));
    await reaches(175);
    t.deepEqual(errors, []);
  },
);
