/**
 * What is known of the integers in a shape computation when some dimensions have names only: `Concat(Gather(Shape(x), 0), -1)`
 * of x [n,3,4] is [n,-1]. Exported models flatten a batch of any size this way.
 */
import { factors, fromFront, isSize, merged, quotient } from "./shapes.js";
import { type Dimension, isConstant, known, type Node, producer, type Value } from "./value.js";

type Dimensions = readonly Dimension[];

/** Longer vectors are no shapes. */
const limit = 64;

/** The elements of an integer vector or scalar as sizes and names, or null where they cannot be told. */
export function knownDimensions(value: Value | null | undefined): Dimensions | null {
  if (!value) return null;
  if (isConstant(value)) {
    const isShape = value.dtype === "int64" && value.shape.length <= 1 && value.source.data.length <= limit;
    return isShape ? known(value) : null;
  }
  const node = producer(value);
  const rule = node && rules[node.op];
  return node && rule ? rule(node) : null;
}

const of = (node: Node, i: number): Dimensions | null => knownDimensions(node.inputs[i]);
const first = (node: Node): Dimensions | null => of(node, 0);

/** Element-wise arithmetic of two vectors, one of which may be a single element. */
const both =
  (f: (a: Dimension, b: Dimension) => Dimension | null) =>
  (node: Node): Dimensions | null => {
    const [a, b] = [of(node, 0), of(node, 1)];
    if (!a || !b) return null;
    const made = Array.from({ length: Math.max(a.length, b.length) }, (_, i) =>
      f(a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]),
    );
    return made.every((d) => d !== null) ? made : null;
  };

/** x[at], negative from the end. */
const pick = (x: Dimensions, at: number): Dimension => x[fromFront(at, x.length)];

const rules: Readonly<Record<string, (node: Node) => Dimensions | null>> = {
  Shape: (node) => {
    const shape = node.inputs[0]?.shape ?? [];
    const { start, end } = node.attributes as { start?: number; end?: number };
    return shape.slice(start ?? 0, end ?? shape.length);
  },
  Cast: first,
  Identity: first,
  Squeeze: first,
  Unsqueeze: first,
  Reshape: first,
  Gather: (node) => {
    const [x, at] = [first(node), known(node.inputs[1])];
    return x && at ? at.map((i) => pick(x, i)) : null;
  },
  Slice: (node) => {
    const x = first(node);
    const [from, to, , step = 1] = node.inputs.slice(1).map((v) => known(v)?.[0]);
    if (!x || from === undefined || to === undefined || step < 1) return null;
    return x.slice(from, to).filter((_, i) => i % step === 0);
  },
  Concat: (node) => {
    const parts = node.inputs.map((_, i) => of(node, i));
    return parts.every((p) => p !== null) && parts.flat().length <= limit ? parts.flat() : null;
  },
  Mul: both((a, b) => merged(factors([a, b]))),
  Div: both((a, b) => {
    if (isSize(a) && isSize(b)) return Math.trunc(a / b);
    const divided = quotient(factors([a]), factors([b]));
    return divided && merged(divided);
  }),
  Add: both((a, b) => (isSize(a) && isSize(b) ? a + b : a === 0 ? b : b === 0 ? a : null)),
  Sub: both((a, b) => (isSize(a) && isSize(b) ? a - b : b === 0 ? a : null)),
  ConstantOfShape: (node) => {
    const count = first(node)?.[0];
    const value = node.attributes.value as Value | undefined;
    return isSize(count ?? "") && (count as number) <= limit && value?.dtype === "int64"
      ? Array(count as number).fill(known(value)?.[0])
      : null;
  },
  /** A named dimension is never negative, and equals itself. */
  Equal: both((a, b) => (a === b ? 1 : (isSize(a) && (isSize(b) || a < 0)) || (isSize(b) && b < 0) ? 0 : null)),
  Where: (node) => {
    const [condition, x, y] = [of(node, 0), of(node, 1), of(node, 2)];
    if (!condition || !x || !y) return null;
    return condition.map((c, i) => (c === 1 ? x[x.length === 1 ? 0 : i] : y[y.length === 1 ? 0 : i]));
  },
  ReduceProd: (node) => {
    const x = first(node);
    return x && [merged(factors(x))];
  },
};
