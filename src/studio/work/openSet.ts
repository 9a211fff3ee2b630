/** Sets of images opened for the page: each decoded once, for its thumbnail and to know that it can be. */
import { openImages, type PageImages } from "../../web/index.js";
import type { Given } from "../protocol.js";
import { bundledSet } from "./bundledSet.js";
import { Grid } from "./canvasSheets.js";
import { givenFiles, labelOf, type OpenedFiles } from "./files.js";
import type { KeptImages } from "./keptImages.js";
import type { NewsDesk } from "./news.js";

/** Images that are open. */
export interface OpenedSet {
  readonly name: string;
  readonly images: PageImages;
  /** How many thumbnails were shown. */
  readonly shown: number;
  /** Whether they are those that are served with the page. */
  readonly isBundled: boolean;
}

/** Thumbnails of a grid. */
const mostShown = 10_000;

/** Images as they were given. @throws DataError if none is an image */
export async function openSet(
  from: Extract<Given, { files: unknown } | { bundled: unknown }>,
  news: NewsDesk,
): Promise<OpenedSet> {
  if ("bundled" in from) return opened(await bundledSet(import.meta.url), true, news);
  return opened(await givenFiles(from.files, news.opening), false, news);
}

/** A run's images from this browser's storage. */
export const setOfKept = async (kept: KeptImages, name: string, news: NewsDesk): Promise<OpenedSet> =>
  kept.bundled
    ? opened(await bundledSet(import.meta.url), true, news)
    : opened({ name, images: kept.images, skipped: [], label: labelOf }, false, news);

async function opened(
  { name, images, skipped, label }: OpenedFiles,
  isBundled: boolean,
  news: NewsDesk,
): Promise<OpenedSet> {
  const grid = new Grid((sheet) => news.tell({ kind: "pictures", ...sheet }));
  const every = Math.ceil(images.length / mostShown);
  let [seen, shown] = [0, 0];
  const found = await openImages(images, {
    progress: (done) => news.opening(done, images.length),
    async look(picture, image) {
      if (seen++ % every !== 0) return;
      shown++;
      await grid.add(picture, image);
    },
    label,
  });
  await grid.flush();
  return { name, images: { ...found, skipped: [...skipped, ...found.skipped] }, shown, isBundled };
}
