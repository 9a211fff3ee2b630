/** Labels from the folders that images lie in. */
import { type Labelling, unlabelled } from "./labelling.js";

/**
 * An image's class is the folder it lies in, however deep, with its path as the name: `cat`, `animals/cat`. The folders above
 * give the coarser levels of the hierarchy. Three cases differ:
 * - If some folder holds both images and folders of images, the innermost folders do not part the set: classes are then the
 *   folders as deep as every image lies, at least the first.
 * - A last folder of one name everywhere, as in `n01440764/images`, tells nothing and is left out.
 * - An image outside any folder, or a single class, leaves the set without labels.
 *
 * Ids follow the sorted names. A level that parts the images no further than a coarser one is left out.
 *
 * @param files - paths below the root, their parts separated by `/`
 */
export function folderLabels(files: readonly string[]): Labelling {
  const own = files.map((file) => (file.includes("/") ? file.slice(0, file.lastIndexOf("/")) : "."));
  const folders = [...new Set(own)];
  if (folders.includes(".")) return unlabelled;
  const paths = withoutSharedEnd(folders.map((folder) => folder.split("/")));
  const rows = new Map(folders.map((folder, row) => [folder, row]));
  const levels: { readonly classes: readonly string[]; readonly ids: Int32Array }[] = [];
  for (let depth = classDepth(paths); depth > 0; depth--) {
    const names = paths.map((path) => path.slice(0, depth).join("/"));
    const classes = [...new Set(names)].sort();
    if (classes.length < 2 || classes.length === levels.at(-1)?.classes.length) continue;
    const idOf = new Map(classes.map((name, id) => [name, id]));
    const ids = names.map((name) => idOf.get(name) as number);
    levels.push({ classes, ids: Int32Array.from(own, (folder) => ids[rows.get(folder) as number]) });
  }
  if (levels.length === 0) return unlabelled;
  const [{ classes, ids }] = levels;
  return {
    ...unlabelled,
    labels: ids,
    classes,
    hierarchy: levels.length > 1 ? levels.map((level) => level.ids) : null,
  };
}

type FolderPath = readonly string[];

function withoutSharedEnd(paths: readonly FolderPath[]): readonly FolderPath[] {
  const end = paths[0].at(-1);
  if (!paths.every((path) => path.length > 1 && path.at(-1) === end)) return paths;
  return withoutSharedEnd(paths.map((path) => path.slice(0, -1)));
}

/** How many folders of a path make its class. */
function classDepth(paths: readonly FolderPath[]): number {
  const depths = paths.map((path) => path.length);
  const withImages = new Set(paths.map((path) => path.join("/")));
  const isNested = paths.some((path) => path.some((_, d) => d > 0 && withImages.has(path.slice(0, d).join("/"))));
  return depths.reduce((a, b) => (isNested ? Math.min(a, b) : Math.max(a, b)));
}
