/** Where images go: folders by cluster, the coarsest level outermost, and names that meet nowhere. */
import { basename, parse } from "node:path";

export interface LayoutEntry {
  /** What the set calls the image. */
  readonly name: string;
  /** Its file; null where it is none, and becomes a PNG named for `name`. */
  readonly file: string | null;
  /** Ids of its clusters, finest first. */
  readonly clusters: readonly number[];
}

/**
 * The path of each image, with `/`, as `03/017/254/photo.jpg`. Images of one name that come into one folder are numbered:
 * `photo.jpg`, `photo-2.jpg`; names that differ in upper and lower case alone are one, as some disks have it.
 *
 * @param counts - clusters at each level, finest first: ids are as wide as the level's last
 */
export function layout(images: readonly LayoutEntry[], counts: readonly number[]): readonly string[] {
  const taken = new Set<string>();
  const numbers = new Map<string, number>();
  const isFree = (path: string): boolean => {
    const before = taken.size;
    taken.add(path.normalize("NFC").toLowerCase());
    return taken.size > before;
  };
  return images.map(({ name, file, clusters }) => {
    const folder = clusters.map((id, l) => String(id).padStart(String(counts[l] - 1).length, "0")).reverse();
    const wanted = [...folder, file === null ? `${plainName(name)}.png` : basename(file)].join("/");
    if (isFree(wanted)) return wanted;
    const { dir, name: stem, ext } = parse(wanted);
    let number = numbers.get(wanted) ?? 1;
    let path: string;
    do {
      number++;
      path = `${dir}/${stem}-${number}${ext}`;
    } while (!isFree(path));
    numbers.set(wanted, number);
    return path;
  });
}

/** A name of letters, digits, dots, dashes and underscores, which every disk takes. */
const plainName = (name: string): string => name.replace(/[^\p{L}\p{N}._-]+/gu, "-");
