/** What a run can be had as: files that Node, and others, open. */
import type { Loader } from "../../data/index.js";
import { columnsOf, embeddingTable, encoderOf, nameLines, type Trained } from "../../encoder/embeddings/index.js";
import { encoderSettings, imageEncoderModel } from "../../programs/index.js";
import { pixelStatistics } from "../../recipe/index.js";
import { collect, reportPage } from "../../report/index.js";
import { encodeNpy, encodeParquet } from "../../tensors/index.js";
import { encoderWeights, evaluationPolicy, lastSoundCheckpoint, type RunFolder } from "../../train/index.js";
import type { PageImages } from "../../web/index.js";
import type { Download } from "../protocol.js";
import { sheetsByCanvas } from "./canvasSheets.js";
import type { Device } from "./device.js";
import type { NewsDesk } from "./news.js";
import { zipped } from "./zips.js";

/** What downloads are made of. */
export interface Sources {
  readonly run: RunFolder;
  readonly news: NewsDesk;
  /** For those that look at images. @throws UsageError if none are open */
  readonly images: () => Promise<{ readonly images: PageImages; readonly loader: Loader; readonly device: Device }>;
}

/** A file to be saved. */
interface Made {
  readonly name: string;
  readonly file: Blob;
}

/** Images of a report, as of `hcsc report`. */
const reportImages = 10_000;

const blobOf = (pieces: Iterable<Uint8Array>, type = "application/octet-stream"): Blob =>
  new Blob([...pieces] as Uint8Array<ArrayBuffer>[], { type });

const makers: Readonly<Record<Download, (from: Sources) => Promise<readonly Made[]>>> = {
  async encoder({ run, news }) {
    const { recipe, checkpoint } = await trainedOf(run, news);
    const view = { ...evaluationPolicy(recipe), ...pixelStatistics(recipe) };
    const model = imageEncoderModel(encoderSettings(recipe.encoder), view, encoderWeights(checkpoint, "query"));
    return [{ name: "encoder.onnx", file: blobOf([model]) }];
  },
  async "embeddings-npy"(from) {
    const { vectors, names } = await tableOf(from);
    return [
      { name: "embeddings.npy", file: blobOf(encodeNpy(vectors)) },
      { name: "embeddings.names.txt", file: new Blob([nameLines(names)], { type: "text/plain" }) },
    ];
  },
  async "embeddings-parquet"(from) {
    const pieces = await encodeParquet(columnsOf(await tableOf(from)));
    return [{ name: "embeddings.parquet", file: blobOf(pieces) }];
  },
  run: async ({ run }) => [{ name: `${run.path}.zip`, file: await zipped(filesWithin(run)) }],
  async report(from) {
    const { run, news } = from;
    const { images, loader, device } = await from.images();
    const { checkpoint } = await trainedOf(run, news);
    const { source } = images;
    const { engine } = device;
    const progress = news.stage;
    const sheets = sheetsByCanvas;
    const data = await collect({ run, checkpoint, engine, source, loader, images: reportImages, progress, sheets });
    const [script, style] = await Promise.all(["report/page.js", "report/page.css"].map(served));
    return [{ name: "report.html", file: new Blob([reportPage(data, { script, style })], { type: "text/html" }) }];
  },
};

/** @throws CheckpointError if the run has no checkpoint; UsageError if images are needed and none are open */
export const downloads = (what: Download, from: Sources): Promise<readonly Made[]> => makers[what](from);

async function trainedOf(run: RunFolder, news: NewsDesk): Promise<Trained> {
  const checkpoint = await lastSoundCheckpoint(run, (message) => news.problem(message));
  return { run, recipe: run.description.recipe, checkpoint };
}

/** As of `hcsc embed`: the backbone's features, with the cluster at each level. */
async function tableOf({ run, news, images: open }: Sources) {
  const { images, loader, device } = await open();
  const trained = await trainedOf(run, news);
  const { source } = images;
  const opened = { source, loader, progress: news.stage };
  return embeddingTable(encoderOf(trained, device.engine, "query"), opened, "features", trained);
}

async function* filesWithin({
  path,
  files,
}: RunFolder): AsyncGenerator<{ readonly path: string; readonly bytes: Uint8Array }> {
  for (const folder of ["", "checkpoints/", "graphs/"])
    for (const name of await files.list(folder.slice(0, -1))) {
      const bytes = await files.read(`${folder}${name}`).catch(() => null); // of a folder
      if (bytes) yield { path: `${path}/${folder}${name}`, bytes };
    }
}

/** A file that is served beside this worker's script. */
async function served(name: string): Promise<string> {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name} is not served with the page (${response.status})`);
  return response.text();
}
