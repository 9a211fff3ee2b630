/** JSON files by name: the caller's own, or one that comes with the package. */
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { said, UsageError } from "../errors.js";

/** Where the package keeps its files of each kind. */
const folders = {
  recipe: fileURLToPath(new URL("../../../graphs/", import.meta.url)),
  sweep: fileURLToPath(new URL("../../../sweeps/", import.meta.url)),
} as const;

/** Names of the files of a kind that come with the package. */
export async function bundledNames(kind: keyof typeof folders): Promise<readonly string[]> {
  return (await readdir(folders[kind]))
    .filter((f) => f.endsWith(".json"))
    .map((f) => f.slice(0, -".json".length))
    .sort();
}

/**
 * What a file holds.
 *
 * @param text - a path that ends in .json, or a bundled name
 */
export async function readNamed(
  kind: keyof typeof folders,
  text: string,
): Promise<{ readonly file: string; readonly data: unknown }> {
  const file = text.endsWith(".json") ? text : `${folders[kind]}${text}.json`;
  const content = await readFile(file, "utf8").catch(async (cause) => {
    throw new UsageError(
      "unknown-name",
      said`no ${kind} ${{ file: text }}: give a .json file, or one of ${(await bundledNames(kind)).join(", ")}`,
      { cause },
    );
  });
  try {
    return { file, data: JSON.parse(content) };
  } catch (cause) {
    throw new UsageError("unknown-format", said`${{ file }} is not JSON: ${cause as Error}`, { cause });
  }
}
