/** Filling a folder with images, as links, copies or PNGs: whole or not at all, and no source is touched. */
import { constants, copyFile, mkdir, rename, rm, rmdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { filePath, type ImageSource, shownChannels } from "../data/index.js";
import { DataError, InterruptedError, said } from "../errors.js";
import { makeFolder, notWritten } from "../tensorfile/index.js";
import { layout } from "./layout.js";

/** An image and its place in the hierarchy. */
export interface Placed {
  /** Its index in the source. */
  readonly image: number;
  /** Ids of its clusters, finest first. */
  readonly clusters: readonly number[];
  /** To the prototype of its finest cluster. */
  readonly cosine: number;
}

export interface Filling {
  readonly source: ImageSource;
  readonly placed: readonly Placed[];
  /** Clusters at each level, finest first. */
  readonly counts: readonly number[];
  /** Image files are copied, else linked to. */
  readonly copy: boolean;
  /** A new or empty folder's real path: see `freeFolder`. */
  readonly folder: string;
  /** Called with the number of images done. */
  readonly progress: (done: number) => void;
  readonly signal: AbortSignal;
}

/** Images under way at once. */
const together = 16;

/**
 * Lays images out by their clusters, with `index.jsonl`: all is made in another folder beside `folder`, which then takes its name.
 *
 * @throws DataError if something cannot be written; InterruptedError if `signal` ends it: nothing is left of it in either case
 */
export async function fillFolder({ source, placed, counts, copy, folder, progress, signal }: Filling): Promise<void> {
  const entries = placed.map(({ image, clusters }) => ({
    name: source.name(image),
    file: source.file(image),
    clusters,
  }));
  const paths = layout(entries, counts);
  await makeFolder(dirname(folder));
  const temporary = `${folder}.${process.pid}.part`;
  await mkdir(temporary).catch((cause) => {
    throw notWritten(temporary, cause);
  });
  try {
    for (const inner of new Set(paths.map(dirname))) await makeFolder(join(temporary, inner));
    for (let from = 0; from < placed.length; from += together) {
      if (signal.aborted)
        throw new InterruptedError(
          "interrupted",
          said`interrupted: ${{ file: folder }} is not made, and nothing is left of it`,
        );
      const ends = placed.slice(from, from + together).map(({ image }, i) => {
        const path = join(temporary, paths[from + i]);
        const { file } = entries[from + i];
        if (file === null) return writePng(source, image, path);
        return copy ? copyTo(file, path) : linkTo(file, path);
      });
      const failed = (await Promise.allSettled(ends)).find((end) => end.status === "rejected");
      if (failed) throw failed.reason;
      progress(from + ends.length);
    }
    const lines = placed.map(({ clusters, cosine }, i) => {
      const line = { file: entries[i].name, path: paths[i], clusters, cosine: Number(cosine.toFixed(6)) };
      return `${JSON.stringify(line)}\n`;
    });
    await written(join(temporary, "index.jsonl"), lines.join(""));
    await takeName(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

async function linkTo(file: string, path: string): Promise<void> {
  await symlink(filePath(file), filePath(path), "file").catch((cause) => {
    if (cause.code === "ENOSPC") throw notWritten(path, cause);
    throw new DataError(
      "not-written",
      said`${{ file: path }} cannot be made a link to ${file}: ${cause.message}. Copy the images instead`,
      { cause, settings: ["copy"] },
    );
  });
}

async function copyTo(file: string, path: string): Promise<void> {
  await copyFile(filePath(file), filePath(path), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE).catch(
    (cause) => {
      if (cause.code === "ENOSPC") throw notWritten(path, cause);
      throw new DataError("not-written", said`${file} cannot be copied to ${{ file: path }}: ${cause.message}`, {
        cause,
      });
    },
  );
}

async function writePng(source: ImageSource, image: number, path: string): Promise<void> {
  const { default: sharp } = await import("sharp");
  const { data, ...raw } = shownChannels(await source.read(image));
  await written(path, await sharp(data, { raw }).png().toBuffer());
}

const written = (path: string, content: Uint8Array | string): Promise<void> =>
  writeFile(path, content, { flag: "wx" }).catch((cause) => {
    throw notWritten(path, cause);
  });

async function takeName(temporary: string, folder: string): Promise<void> {
  try {
    // Windows renames to no folder that is there, even an empty one; this removes no other.
    await rmdir(folder).catch((cause) => {
      if (cause.code !== "ENOENT") throw cause;
    });
    await rename(temporary, folder);
  } catch (cause) {
    throw notWritten(folder, cause);
  }
}
