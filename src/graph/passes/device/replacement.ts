/** What a row of a table of replacements is, and graphs with a table's rows applied. */
import { GraphError, said } from "../../../errors.js";
import { describe, type NodeAttributes, type Value } from "../../value.js";
import { rewriteGraph } from "../rewrite.js";

/** A node of the graph with its inputs as they are by now. Optional inputs that are left out are null. */
export interface Met {
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly attributes: NodeAttributes;
  readonly outputs: readonly Value[];
}

/** Where a kernel is wrong, or slow. */
export interface Replacement {
  /** Null: every op. */
  readonly ops: readonly string[] | null;
  readonly meets: (node: Met) => boolean;
  /** Outputs to take for the node's; null: there are none, and the node is refused. */
  readonly instead: ((node: Met) => readonly Value[]) | null;
}

/**
 * `outputs` with a table's rows applied, one after another: what one makes may meet a later one.
 *
 * @throws GraphError for a node that has no replacement, with its op, scope and shapes
 */
export function replaced(outputs: readonly Value[], table: Readonly<Record<string, Replacement>>): readonly Value[] {
  let made = outputs;
  for (const [name, { ops, meets, instead }] of Object.entries(table))
    made = rewriteGraph(made, (node, inputs) => {
      if (node.domain !== "" || (ops && !ops.includes(node.op))) return null;
      const { op, attributes, outputs } = node;
      const at = { op, inputs: inputs as readonly Value[], attributes, outputs };
      if (!meets(at)) return null;
      if (instead) return instead(at);
      const given = at.inputs.map((v) => (v ? describe(v) : "none"));
      throw new GraphError(
        "unsupported-op",
        said`${{ op: node.scope ? `${node.scope}/${node.op}` : node.op }} cannot run on WebGPU: ${name} (${{ inputs: given }}). Compose it of other ops, or run it on the CPU`,
      );
    });
  return made;
}
