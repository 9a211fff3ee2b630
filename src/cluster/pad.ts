/** Hierarchies of fixed shape, for graphs whose prototype counts are fixed. */
import type { Matrix } from "../array.js";
import { UsageError } from "../errors.js";
import type { Hierarchy, Level } from "./hierarchy.js";

/** A level brought to a fixed number of rows. */
export interface PaddedLevel extends Level {
  /** How many of the rows are prototypes; ids of `count` and above are padding, for the consumer to mask. */
  readonly count: number;
}

/**
 * Each level with `clusters[l]` rows. Rows from `count` on are padding: prototype 0, temperature 1, parent 0, size 0. Nothing
 * refers to them. A consumer must mask them: a zero prototype has similarity 0, which is not minus infinity.
 *
 * @param hierarchy - with at most `clusters[l]` prototypes at level l
 * @param clusters - rows of each level
 * @throws UsageError if the levels differ in number, or one has more prototypes than rows
 */
export function padHierarchy(hierarchy: Hierarchy, clusters: readonly number[]): readonly PaddedLevel[] {
  if (hierarchy.levels.length !== clusters.length) {
    throw new UsageError(
      "wrong-value",
      `padding: the hierarchy has ${hierarchy.levels.length} levels, ${clusters.length} counts are given (${clusters}). Give one count a level.`,
    );
  }
  return hierarchy.levels.map((level, l) => padLevel(level, clusters[l], l));
}

function padLevel(level: Level, rows: number, l: number): PaddedLevel {
  const [count = 0, width = 0] = level.prototypes.shape;
  if (count > rows) {
    throw new UsageError(
      "wrong-value",
      `padding: level ${l + 1} has ${count} prototypes and ${rows} rows. Give at least ${count}.`,
    );
  }
  const prototypes: Matrix = { shape: [rows, width], data: new Float32Array(rows * width) };
  prototypes.data.set(level.prototypes.data);
  const temperature = new Float32Array(rows).fill(1);
  temperature.set(level.temperature);
  return {
    prototypes,
    temperature,
    parent: level.parent && padded(level.parent, rows),
    assignment: level.assignment,
    sizes: padded(level.sizes, rows),
    count,
  };
}

function padded(ids: Int32Array, length: number): Int32Array {
  const longer = new Int32Array(length);
  longer.set(ids);
  return longer;
}
