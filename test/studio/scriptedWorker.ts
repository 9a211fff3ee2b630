/** A worker that plays a run from a file, `sample.json`, for tests of what the page shows: it opens nothing and trains nothing. */
import type { ReportData, ReportImages } from "../../src/report/index.js";
import type { Ask, News, State } from "../../src/studio/protocol.js";
import { inBlocks } from "../../src/studio/work/inBlocks.js";

const tell = (news: News): void => postMessage(news);
const become = (state: State): void => tell({ kind: "state", state });

const sample = fetch("sample.json").then((response) => response.json() as Promise<ReportData>);
const stepsAtOnce = 5;
const every = 60;
let timer: ReturnType<typeof setTimeout> | undefined;
let at = 0;
let urls: readonly string[] = [];

const imagesOf = ({ images }: ReportData): ReportImages => images as ReportImages;

async function open(): Promise<void> {
  become("opening");
  const { sheets, names, classes } = imagesOf(await sample);
  const { tile, columns, rows } = sheets;
  urls = await Promise.all(sheets.urls.map(async (url) => URL.createObjectURL(new Blob([bytesOf(url)]))));
  for (const [i, url] of urls.entries()) {
    const part = names.slice(i * columns * rows, (i + 1) * columns * rows);
    tell({ kind: "opening", done: i * columns * rows + part.length, total: names.length });
    tell({ kind: "pictures", names: part, url, tile, columns, rows });
    await new Promise((resolve) => setTimeout(resolve));
  }
  const skipped = [
    { name: "notes/read me.txt", reason: "is no image that this browser reads" },
    { name: "broken.jpg", reason: "The source image could not be decoded." },
  ];
  tell({ kind: "opened", name: "drawn shapes", count: names.length, shown: names.length, classes, skipped });
  become("ready");
}

const bytesOf = (url: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(url.slice(url.indexOf(",") + 1)), (c) => c.charCodeAt(0));

/** The run as it is after so many steps. */
async function reportAt(step: number): Promise<ReportData> {
  const data = await sample;
  const epochs = data.curves.epochs.filter((epoch) => epoch.step <= step);
  return inBlocks({
    ...data,
    run: { ...data.run, step, epoch: epochs.length },
    curves: { steps: data.curves.steps.slice(0, step), epochs },
    images: { ...imagesOf(data), sheets: { ...imagesOf(data).sheets, urls } },
  });
}

async function play(): Promise<void> {
  const { curves, run } = await sample;
  const metrics = curves.steps.slice(at, at + stepsAtOnce);
  at += metrics.length;
  tell({
    kind: "steps",
    metrics,
    imagesPerSecond: 312.5,
    secondsLeft: (curves.steps.length - at) / 8,
    epoch: at / 25,
    epochs: run.epochs,
    chanceLoss: run.chanceLoss,
  });
  if (at % 50 === 0) {
    tell({ kind: "stage", stage: "clustering", done: 1, total: 3 });
    tell({ kind: "report", data: await reportAt(at) });
  }
  if (at < curves.steps.length) timer = setTimeout(play, every);
  else become("finished");
}

type Acts = { readonly [K in Ask["kind"]]: (ask: Extract<Ask, { kind: K }>) => void };
const acts: Acts = {
  open,
  async train() {
    at = 0;
    tell({ kind: "device", provider: "cpu", threads: 2, words: ["This browser has no WebGPU."] });
    tell({ kind: "plan", epochs: 12, seconds: 178, recipe: [["name", "shapes"]] });
    become("training");
    play();
  },
  pause() {
    clearTimeout(timer);
    become("paused");
  },
  continue() {
    become("training");
    play();
  },
  stop() {
    clearTimeout(timer);
    become("stopped");
  },
  download({ what }) {
    tell({ kind: "file", what, name: `${what}.bin`, file: new Blob(["a file"]) });
  },
  forget: () => tell({ kind: "kept", runs: [] }),
};
addEventListener("message", ({ data }: MessageEvent<Ask>) => (acts[data.kind] as (ask: Ask) => void)(data));
tell({
  kind: "kept",
  runs: [{ name: "run-1", data: "photos", images: 1234, epoch: 3, epochs: 12, started: "2026-11-25T04:00:00Z" }],
});
become("empty");
