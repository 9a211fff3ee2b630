/** The script of the page that drives the worker of the page that trains. */
import type { Ask, GivenFile, News } from "../../src/studio/protocol.js";
import { asBase64, pictures } from "../web/tiny.js";

let worker: Worker;
let heard: News[] = [];
const waiting = new Set<() => void>();

async function until<T>(found: () => T | undefined): Promise<T> {
  for (;;) {
    const value = found();
    if (value !== undefined) return value;
    await new Promise<void>((resolve) => {
      waiting.add(resolve);
    });
  }
}

/** A picture as a PNG file. */
async function png({ width, height, data }: { width: number; height: number; data: Uint8Array }): Promise<Blob> {
  const context = new OffscreenCanvas(width, height).getContext("2d") as OffscreenCanvasRenderingContext2D;
  const pixels = context.createImageData(width, height);
  for (let p = 0; p < width * height; p++) pixels.data.set([...data.subarray(3 * p, 3 * p + 3), 255], 4 * p);
  context.putImageData(pixels, 0, 0);
  return context.canvas.convertToBlob({ type: "image/png" });
}

async function files(): Promise<readonly GivenFile[]> {
  const given: GivenFile[] = [];
  for (const [i, { image }] of pictures(96).entries()) {
    const path = `photos/${i % 2 === 0 ? "even" : "odd"}/${i}.png`;
    given.push({ path, file: new File([await png(image)], `${i}.png`) });
  }
  given.push({ path: "photos/even/broken.png", file: new File(["no image"], "broken.png") });
  given.push({ path: "photos/notes.txt", file: new File(["words"], "notes.txt") });
  return given;
}

/** What tests call in the page. */
export const page = {
  start: (address: string) => {
    worker = new Worker(`/worker.js${address}`, { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<News>) => {
      heard.push(data);
      for (const resume of waiting) resume();
      waiting.clear();
    });
    worker.addEventListener("error", ({ message }) => heard.push({ kind: "problem", words: message, lasting: true }));
  },
  ask: (ask: Ask) => {
    heard = [];
    worker.postMessage(ask);
  },
  /** Opens the test's images, in two folders, with a file that is broken and one that is no image. */
  openFiles: async () => page.ask({ kind: "open", from: { files: await files() } }),
  openRun: (zip: string) => {
    const bytes = Uint8Array.from(atob(zip), (c) => c.charCodeAt(0));
    page.ask({ kind: "open", from: { run: new File([bytes], "run.zip") } });
  },
  /** Waits for one of some states, or a problem that is not passed over. */
  state: (states: readonly string[]) =>
    until(() => heard.findLast((news) => news.kind === "state" && states.includes(news.state))).then(() => heard),
  /** The first news of a kind since the last ask. */
  first: (kind: News["kind"]) => until(() => heard.find((news) => news.kind === kind)),
  heard: () => heard,
  /** The test's files, as they are on a disk. */
  given: async () =>
    Promise.all(
      (await files()).map(
        async ({ path, file }) => [path, asBase64(new Uint8Array(await file.arrayBuffer()))] as const,
      ),
    ),
  download: async (what: string, count: number) => {
    page.ask({ kind: "download", what } as Ask);
    const found = await until(() => {
      const made = heard.flatMap((news) => (news.kind === "file" ? [news] : []));
      const problem = heard.find((news) => news.kind === "problem");
      return made.length >= count || problem ? { made, problem } : undefined;
    });
    if (found.problem) throw new Error(JSON.stringify(found.problem));
    return Promise.all(
      found.made.map(async ({ name, file }) => [name, asBase64(new Uint8Array(await file.arrayBuffer()))] as const),
    );
  },
  loseDevice: () => new BroadcastChannel("lose the device").postMessage("now"),
};

Object.assign(globalThis, { page });
