/**
 * Constant folding of what models compute on shapes: small integer arithmetic on known values, so that a `Reshape` fed by
 * `Shape`, `Gather`, `Concat` has a known target. Nothing else is folded; runtimes do that.
 */
import { knownDimensions } from "./dimensions.js";
import { isStatic } from "./shapes.js";
import { constant, type Node, type Value } from "./value.js";

/** The constant that `node` always gives, or null. */
export function fold(node: Node): Value | null {
  const [out] = node.outputs;
  if (out.dtype !== "int64" || out.shape.length > 1 || !isStatic(out.shape) || node.attributes.stop) return null;
  const made = knownDimensions(out);
  return made && isStatic(made) ? constant(made, out.shape, "int64") : null;
}
