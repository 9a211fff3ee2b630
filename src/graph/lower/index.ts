import type { DenseArray } from "../../array.js";
import type { Graph } from "../model.js";
export interface Layout {
  readonly kind: string;
  readonly block: number;
}
export const lowerBlocked = (
  graph: Graph,
  _: { block: number },
): { graph: Graph; layouts: Readonly<Record<string, Layout>> } => ({ graph, layouts: {} });
export const toStored = (_: Layout, a: DenseArray): DenseArray => a;
export const fromStored = (_: Layout, a: DenseArray): DenseArray => a;
