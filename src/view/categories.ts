/** Ways to sort the images: by label or by the cluster of a level. */
import type { ReportImages } from "../report/index.js";
import { classNames, shortened } from "./classNames.js";
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

const alike = (n: number): Categories => ({
  title: "nothing",
  of: Array.from({ length: n }, () => 0),
  names: ["all images"],
  colours: () => palette(1),
});
