/** The folder that images are laid out in: one that is new or empty, and apart from the images. */
import { readdir, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { said, UsageError } from "../errors.js";

/**
 * The real path of `out`.
 *
 * @param sources - folders that hold the images
 * @throws UsageError if `out` is a file or not empty, lies in one of the sources or contains one
 */
export async function freeFolder(out: string, sources: readonly string[]): Promise<string> {
  const folder = await realPath(out);
  for (const source of sources) {
    const real = await realPath(source);
    const apart = "Choose a folder that neither lies in the images' folder nor holds it";
    const settings = ["out"] as const;
    if (isWithin(folder, real))
      throw new UsageError("occupied", said`${{ file: out }} lies in ${source}, which holds the images. ${apart}`, {
        settings,
      });
    if (isWithin(real, folder))
      throw new UsageError("occupied", said`${{ file: out }} holds ${source}, and so the images. ${apart}`, {
        settings,
      });
  }
  const inside = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    const reason = cause.code === "ENOTDIR" ? "it is a file" : cause.message;
    throw new UsageError("occupied", said`${{ file: out }} cannot be filled: ${reason}. Choose a new folder`, {
      cause,
      settings: ["out"],
    });
  });
  if (inside.length > 0)
    throw new UsageError(
      "occupied",
      said`${{ file: out }} is not empty: it holds ${inside[0]}. Choose a new or an empty folder`,
      { settings: ["out"] },
    );
  return folder;
}

/** Links on the way followed, of a path whose end need not exist. */
async function realPath(path: string): Promise<string> {
  const whole = resolve(path);
  return realpath(whole).catch(async () =>
    dirname(whole) === whole ? whole : join(await realPath(dirname(whole)), basename(whole)),
  );
}

/** Whether `path` is `folder` or below it; both real paths. */
const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
