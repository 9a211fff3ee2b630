/** What a row of the table of defects is. */
import type { NodeAttributes, Value } from "../value.js";

/** A node of the graph with its inputs as they are by now. Optional inputs that are left out are null. */
export interface Met {
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly attributes: NodeAttributes;
  readonly outputs: readonly Value[];
}

/** Where a kernel is wrong. */
export interface Defect {
  /** Null: every op. */
  readonly ops: readonly string[] | null;
  readonly meets: (node: Met) => boolean;
  /** Outputs that are right, for the node's; null: there are none, and the node is refused. */
  readonly instead: ((node: Met) => readonly Value[]) | null;
}
