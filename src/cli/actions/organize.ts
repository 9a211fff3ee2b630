/** `hcsc organize`: the images of a set in folders by the hierarchy that a run has learned. */
import { dirname } from "node:path";
import { everyIndex } from "../../array.js";
import { type ImageSource, namedFolder } from "../../data/index.js";
import { fillFolder, freeFolder } from "../../organize/index.js";
import { interruptible } from "../interrupt.js";
import { print } from "../print.js";
import { onRun, type RunFlags } from "./session.js";

interface Flags extends RunFlags {
  readonly out: string;
  readonly copy?: boolean;
}

export async function run(flags: Flags): Promise<void> {
  const copy = flags.copy === true;
  const summary = await onRun({ maxBroken: 1, ...flags }, async (learner) => {
    const { name, source, loader, progress } = learner.images;
    const folder = await freeFolder(flags.out, await foldersOf(name, source));
    const { counts, clusters, cosines } = await learner.hierarchy();
    const placed = Array.from(
      everyIndex(source.count).filter((image) => !loader.broken.has(image)),
      (image) => ({ image, clusters: clusters.map((ids) => ids[image]), cosine: cosines[image] }),
    );
    await interruptible((signal) =>
      fillFolder({
        source,
        placed,
        counts,
        copy,
        folder,
        signal,
        progress: (done) => progress("laying out", done, placed.length),
      }),
    );
    return {
      out: flags.out,
      images: placed.length,
      folders: new Set(placed.map((p) => p.clusters[0])).size,
      clusters: counts,
      as: source.file(0) === null ? "PNGs" : copy ? "copies" : "links",
      skipped: loader.broken.size,
    };
  });
  print(flags.json, summary, [
    `${summary.images} images as ${summary.as} in ${summary.folders} folders of ${summary.clusters.length} levels → ${flags.out}`,
    `clusters and cosines → ${flags.out}/index.jsonl`,
  ]);
}

/** The folders that hold a set: the one that names it, and those of its files. */
async function foldersOf(data: string, source: ImageSource): Promise<readonly string[]> {
  const folders = new Set<string>();
  const named = await namedFolder(data);
  if (named !== null) folders.add(named);
  for (const image of everyIndex(source.count)) {
    const file = source.file(image);
    if (file !== null) folders.add(dirname(file));
  }
  return [...folders];
}
