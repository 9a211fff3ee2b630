/** Matrix products. */
import { broadcast, fail, type } from "../shapes.js";
import type { Shape, TensorType } from "../value.js";
import { float, type In, int, like, op, optional, wide } from "./declare.js";

function matMul(x: In, _: object, name: string): readonly TensorType[] {
  const [a, b] = x;
  if (a.shape.length < 1 || b.shape.length < 1) fail(name, "a scalar cannot be multiplied", x);
  const left: Shape = a.shape.length === 1 ? [1, a.shape[0]] : a.shape;
  const right: Shape = b.shape.length === 1 ? [b.shape[0], 1] : b.shape;
  const inner = left[left.length - 1];
  if (inner !== right[right.length - 2])
    fail(name, `the inner dimensions ${inner} and ${right[right.length - 2]} differ`, x);
  const batch = broadcast(name, [
    { ...a, shape: left.slice(0, -2) },
    { ...b, shape: right.slice(0, -2) },
  ]);
  const rows = a.shape.length === 1 ? [] : [left[left.length - 2]];
  const columns = b.shape.length === 1 ? [] : [right[right.length - 1]];
  return [type(a.dtype, [...batch, ...rows, ...columns])];
}

interface Turns {
  readonly transA: number;
  readonly transB: number;
}

function gemm(x: In, { transA, transB }: Turns, name: string): readonly TensorType[] {
  const [m, k] = transA ? [x[0].shape[1], x[0].shape[0]] : x[0].shape;
  const [inner, n] = transB ? [x[1].shape[1], x[1].shape[0]] : x[1].shape;
  if (x[0].shape.length !== 2 || x[1].shape.length !== 2) fail(name, "needs two matrices", x);
  if (k !== inner) fail(name, `the inner dimensions ${k} and ${inner} differ`, x);
  const made: Shape = [m, n];
  if (x[2] && String(broadcast(name, [{ ...x[2], shape: made }, x[2]])) !== String(made))
    fail(name, "the bias is too large", x);
  return [type(x[0].dtype, made)];
}

export const products = {
  MatMul: op([like("A", wide), like("B", wide)], {}, matMul),
  Gemm: op(
    [like("A", wide), like("B", wide), optional(like("C", wide))],
    { alpha: float(1), beta: float(1), transA: int(0), transB: int(0) },
    gemm,
  ),
};
