/** The hierarchy that a run has learned: the prototypes of its last clustering, and where images stand among them. */
import type { DenseArray, Matrix } from "../array.js";
import { type Hierarchy, padHierarchy } from "../cluster/index.js";
import { type Engine, nearestCentroidOn } from "../engine/index.js";
import { CheckpointError, said } from "../errors.js";
import { state } from "../programs/index.js";
import type { Checkpoint } from "./checkpoint.js";

/** One level, 0 the finest. */
export interface LearnedLevel {
  /** [M, D], unit rows in the space of the key encoder's embeddings. */
  readonly prototypes: Matrix;
  /** [M] */
  readonly temperature: Float32Array;
  /** Ids of the next level, [M]; null at the top. */
  readonly parent: Int32Array | null;
}

/** A clustering as the state of the graphs, by name, padded to the numbers of clusters asked for. */
export function hierarchyTensors(tree: Hierarchy, clusters: readonly number[]): Record<string, DenseArray> {
  const tensors: Record<string, DenseArray> = {};
  for (const [l, level] of padHierarchy(tree, clusters).entries()) {
    tensors[state.prototypes(l)] = level.prototypes;
    tensors[state.temperature(l)] = { shape: [clusters[l]], data: level.temperature };
    tensors[state.count(l)] = { shape: [], data: Float32Array.of(level.count) };
    if (level.parent) tensors[state.parent(l)] = { shape: [clusters[l]], data: level.parent };
  }
  return tensors;
}

/** Whether a run has come to its first clustering. */
export const hasHierarchy = ({ tensors }: Pick<Checkpoint, "tensors">): boolean => state.prototypes(0) in tensors;

/** The levels of a checkpoint, finest first, without padding. @throws CheckpointError if nothing was clustered yet */
export function learnedHierarchy({ file, tensors }: Pick<Checkpoint, "file" | "tensors">): readonly LearnedLevel[] {
  const levels: LearnedLevel[] = [];
  for (let l = 0; tensors[state.prototypes(l)]; l++) {
    const count = tensors[state.count(l)].data[0] as number;
    const first = <T extends Float32Array | Int32Array>({ data }: DenseArray, width = 1) =>
      data.slice(0, count * width) as T;
    const prototypes = tensors[state.prototypes(l)];
    const width = prototypes.shape[1];
    levels.push({
      prototypes: { shape: [count, width], data: first(prototypes, width) },
      temperature: first(tensors[state.temperature(l)]),
      parent: tensors[state.parent(l)] ? first(asIds(tensors[state.parent(l)])) : null,
    });
  }
  if (levels.length === 0)
    throw new CheckpointError(
      "not-clustered",
      said`${{ file }} has no prototypes: the run has not come to its first clustering. Train it past ${{ field: "method.warmupEpochs" }}, with method.clusters`,
    );
  return levels;
}

/** As int32: older checkpoints hold int64. */
const asIds = ({ shape, data }: DenseArray): DenseArray<Int32Array> => ({
  shape,
  data: Int32Array.from<number | bigint>(data, Number),
});

/**
 * Each image's prototype at every level: the most similar of the finest level, and its ancestors.
 *
 * @param embeddings - [N, D], unit rows, of the run's key encoder
 * @returns ids [N] by level, finest first
 */
export async function placeInHierarchy(
  engine: Engine,
  levels: readonly LearnedLevel[],
  embeddings: Matrix,
): Promise<readonly Int32Array[]> {
  const nearest = await nearestCentroidOn(engine);
  let { owner } = await nearest(embeddings, levels[0].prototypes);
  const ids = [owner];
  for (const { parent } of levels) {
    if (!parent) break;
    owner = owner.map((id) => parent[id]);
    ids.push(owner);
  }
  return ids;
}
