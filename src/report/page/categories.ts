/** Ways to sort the images: by label or by the cluster of a level. */
import type { ReportImages } from "../data.js";
import { plural } from "./numbers.js";
import { palette } from "./palette.js";

export interface Categories {
  readonly title: string;
  /** Category of each image. */
  readonly of: readonly number[];
  readonly names: readonly string[];
  /** In the colours of now: asked again when the theme changes. */
  readonly colours: () => readonly string[];
}

export const levelName = (level: number): string => `level ${level + 1}`;
export const clusterName = (level: number, id: number): string => `${levelName(level)}, cluster ${id}`;

/** Labels first, then the levels from the coarsest on; one colour for all where there is neither. */
export function categoriesOf(images: ReportImages): readonly Categories[] {
  const levels = images.clusters.map((of, level): Categories => {
    const names = Array.from({ length: 1 + Math.max(...of) }, (_, id) => `cluster ${id}`);
    return {
      title: `${levelName(level)} (${plural(names.length, "cluster")})`,
      of,
      names,
      colours: () => palette(names.length),
    };
  });
  const names = classNames(images);
  const labels: readonly Categories[] =
    images.labels && names ? [{ title: "label", of: images.labels, names, colours: () => palette(names.length) }] : [];
  const coarser = (images.coarser ?? []).map(
    ({ labels, classes }, level): Categories => ({
      title: `label, level ${level + 2} (${plural(classes.length, "class", "classes")})`,
      of: labels,
      names: shortened(classes),
      colours: () => palette(classes.length),
    }),
  );
  const all = [...labels, ...coarser, ...levels.reverse()];
  return all.length > 0 ? all : [alike(images.names.length)];
}

const mostLetters = 24;

/** Nested names without the first of their folders, as long as they stay apart: the class itself says most. */
export function shortened(names: readonly string[]): readonly string[] {
  const short = names.map((name) => {
    let rest = name;
    while (rest.length > mostLetters && rest.includes("/")) rest = rest.slice(rest.indexOf("/") + 1);
    return rest === name ? name : `…/${rest}`;
  });
  return names.map((name, i) => (short.filter((other) => other === short[i]).length === 1 ? short[i] : name));
}

/** Classes as the page calls them: a bare number says nothing. Null without labels. */
export function classNames({ labels, classes }: ReportImages): readonly string[] | null {
  if (!labels) return null;
  const names = classes ?? Array.from({ length: 1 + Math.max(...labels) }, (_, i) => String(i));
  return shortened(names.map((name) => (/^\d+$/.test(name) ? `class ${name}` : name)));
}

const alike = (n: number): Categories => ({
  title: "nothing",
  of: Array.from({ length: n }, () => 0),
  names: ["all images"],
  colours: () => palette(1),
});
