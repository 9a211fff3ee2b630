/** Matrix products: y = a·b gives da = g·bᵀ, db = aᵀ·g, summed over the axes that were broadcast. */
import { apply, gemm, matMul, mul, reshape, squeeze, unsqueeze } from "../apply.js";
import type { FilledOf } from "../ops/index.js";
import { isSize, isStatic } from "../shapes.js";
import type { Value } from "../value.js";
import { isSwapped, type Rule, swapLast } from "./rule.js";
import { unbroadcast } from "./unbroadcast.js";

export const matMulRule: Rule = (g, { inputs: [a, b], needs }) => {
  const left = a.shape.length === 1 ? unsqueeze(a, [0]) : a; // vectors as a row, a column
  const right = b.shape.length === 1 ? unsqueeze(b, [1]) : b;
  let out = g;
  if (b.shape.length === 1) out = unsqueeze(out, [out.shape.length]);
  if (a.shape.length === 1) out = unsqueeze(out, [out.shape.length - 1]);
  return [
    needs(0) ? matMul(out, swapLast(right)) : null,
    needs(1) ? asVector(rightCotangent(left, right, out), b) : null,
  ];
};

/** Of a column, where b is a vector. */
const asVector = (g: Value, b: Value): Value => (b.shape.length === 1 ? squeeze(g, [g.shape.length - 1]) : g);

/** aᵀ·g: as one product over all leading axes if b is a matrix, and without moving `a` if g is a column or b was turned. */
function rightCotangent(a: Value, b: Value, g: Value): Value {
  if (b.shape.length === 2 && a.shape.length > 2 && isSize(b.shape[0]) && isSize(b.shape[1])) {
    const rows = (v: Value, width: number) => (width === 0 ? v : reshape(v, [-1, width]));
    const [x, y] = [rows(a, b.shape[0]), rows(g, b.shape[1])];
    if (x.shape[0] === y.shape[0]) return gemm(x, y, null, { transA: true });
  }
  const isFull = isStatic(g.shape) && isStatic(a.shape) && !a.shape.includes(0);
  const column = isFull && g.shape[g.shape.length - 1] === 1;
  if (!column) return isSwapped(b) ? swapLast(matMul(swapLast(g), a)) : matMul(swapLast(a), g);
  const row = matMul(reshape(g, [...g.shape.slice(0, -2), 1, g.shape[g.shape.length - 2]] as number[]), a);
  return reshape(row, [...row.shape.slice(0, -2), row.shape[row.shape.length - 1], 1] as number[]);
}

/** y = α·A'·B' + β·C with A' = A or Aᵀ, B' = B or Bᵀ: dA' = α·g·B'ᵀ, dB' = α·A'ᵀ·g, each transposed back. */
export const gemmRule: Rule<FilledOf<"Gemm">> = (g, { inputs: [a, b, c], attributes, needs }) => {
  const { alpha, beta } = attributes;
  const [transA, transB] = [attributes.transA === 1, attributes.transB === 1];
  const product = (x: Value, y: Value, turned: readonly [boolean, boolean]): Value =>
    apply("Gemm", [x, y], { alpha, transA: Number(turned[0]), transB: Number(turned[1]) });
  const da = () => (transA ? product(b, g, [transB, true]) : product(g, b, [false, !transB]));
  const db = () => (transB ? product(g, a, [true, transA]) : product(a, g, [!transA, false]));
  const dc = (of: Value) => (beta === 1 ? g : mul(unbroadcast(g, of), beta)); // summed first: fewer elements
  return [needs(0) ? da() : null, needs(1) ? db() : null, c && needs(2) ? dc(c) : null];
};
