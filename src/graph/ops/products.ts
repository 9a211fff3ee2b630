/** Shape rules of matrix products. */
import { broadcast, fail, sameDtype, type } from "../shapes.js";
import type { Shape } from "../value.js";
import { type Infer, int } from "./infer.js";

export const matMul: Infer = (x, _, op) => {
  const [a, b] = x;
  if (a.shape.length < 1 || b.shape.length < 1) fail(op, "a scalar cannot be multiplied", x);
  const left: Shape = a.shape.length === 1 ? [1, a.shape[0]] : a.shape;
  const right: Shape = b.shape.length === 1 ? [b.shape[0], 1] : b.shape;
  const inner = left[left.length - 1];
  if (inner !== right[right.length - 2])
    fail(op, `the inner dimensions ${inner} and ${right[right.length - 2]} differ`, x);
  const batch = broadcast(op, [
    { ...a, shape: left.slice(0, -2) },
    { ...b, shape: right.slice(0, -2) },
  ]);
  const rows = a.shape.length === 1 ? [] : [left[left.length - 2]];
  const columns = b.shape.length === 1 ? [] : [right[right.length - 1]];
  return [type(sameDtype(op, x), [...batch, ...rows, ...columns])];
};

export const gemm: Infer = (x, a, op) => {
  const [m, k] = int(a, "transA", 0) ? [x[0].shape[1], x[0].shape[0]] : x[0].shape;
  const [inner, n] = int(a, "transB", 0) ? [x[1].shape[1], x[1].shape[0]] : x[1].shape;
  if (x[0].shape.length !== 2 || x[1].shape.length !== 2) fail(op, "needs two matrices", x);
  if (k !== inner) fail(op, `the inner dimensions ${k} and ${inner} differ`, x);
  const made: Shape = [m, n];
  if (x[2] && String(broadcast(op, [{ ...x[2], shape: made }, x[2]])) !== String(made))
    fail(op, "the bias is too large", x);
  return [type(sameDtype(op, x), made)];
};
