/**
 * Constant folding of what models compute on shapes: small integer arithmetic on known values, so that a `Reshape` fed by
 * `Shape`, `Gather`, `Concat` has a known target. Nothing else is folded; runtimes do that.
 */
import { knownDimensions } from "./dimensions.js";
import { isStatic } from "./shapes.js";
import { constant, isConstant, known, type Node, type Value } from "./value.js";

const limit = 64;

type Fold = (inputs: readonly number[][], node: Node) => number[];

const binary =
  (f: (a: number, b: number) => number): Fold =>
  ([a, b]) =>
    Array.from({ length: Math.max(a.length, b.length) }, (_, i) =>
      f(a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]),
    );
const copy: Fold = ([x]) => x;

/** Ops on constants of rank 0 or 1. */
const folds: Readonly<Record<string, Fold>> = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => Math.trunc(a / b)),
  Concat: (parts) => parts.flat(),
  Cast: copy,
  Gather: ([x, at]) => at.map((i) => x[i < 0 ? i + x.length : i]),
  Slice: ([x, [from], [to], , [step] = [1]]) => {
    const place = (p: number) => Math.min(Math.max(p < 0 ? p + x.length : p, 0), x.length);
    return x.slice(place(from), place(to)).filter((_, i) => i % step === 0);
  },
  Squeeze: copy,
  Unsqueeze: copy,
  Reshape: copy,
  Identity: copy,
  ReduceProd: ([x]) => [x.reduce((p, d) => p * d, 1)],
};

/** The constant that `node` always gives, or null. */
export function fold(node: Node): Value | null {
  const [out] = node.outputs;
  if (out.dtype === "int64" && isStatic(out.shape) && out.shape.length <= 1 && !node.attributes.stop) {
    const made = knownDimensions(out);
    if (made && isStatic(made)) return constant(made, out.shape, "int64");
  }
  const rule = folds[node.op];
  if (!rule || out.dtype !== "int64" || !isStatic(out.shape) || out.shape.length > 1 || node.attributes.stop)
    return null;
  if (
    !node.inputs.every(
      (v) => v && isConstant(v) && v.dtype === "int64" && v.shape.length <= 1 && v.source.data.length <= limit,
    )
  )
    return null;
  const data = rule(
    node.inputs.map((v) => known(v) as number[]),
    node,
  );
  return constant(data, out.shape, "int64");
}
