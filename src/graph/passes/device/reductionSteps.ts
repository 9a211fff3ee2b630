/** Reductions in two steps, where a provider is slow in one: the first makes many partial results, the second few. */
import { applyAll, reshape } from "../../apply.js";
import type { OpType } from "../../ops/index.js";
import { count, fromFront, isStatic } from "../../shapes.js";
import { ints, known, type Value } from "../../value.js";
import type { Met } from "./replacement.js";

/** What partial results are reduced by. */
const second: Readonly<Record<string, OpType>> = {
  ReduceSum: "ReduceSum",
  ReduceMean: "ReduceMean",
  ReduceSumSquare: "ReduceSum",
};

/** Ops whose results can be reduced again. */
export const steppable: readonly string[] = Object.keys(second);

const elements = (v: Value): number => count(v.shape) as number;

/** The axes along which there is something to reduce, in order. */
function wideAxes({ inputs: [{ shape }, axes] }: Met): readonly number[] {
  const all = (known(axes) ?? shape.map((_, i) => i)).map((a) => fromFront(a, shape.length));
  return all.filter((a) => shape[a] !== 1).sort((a, b) => a - b);
}

const isKnown = ({ inputs: [x, axes] }: Met): boolean =>
  isStatic(x.shape) && !x.shape.includes(0) && (!axes || (known(axes)?.length ?? 0) > 0);

/** Many elements to few results. */
export const isLong = (node: Met): boolean =>
  isKnown(node) &&
  elements(node.inputs[0]) >= (1 << 16) * elements(node.outputs[0]) &&
  (wideAxes(node).length > 1 || elements(node.outputs[0]) === 1);

/** Along axes that lie apart, or between others: not the first ones and not the last. */
export function isScattered(node: Met): boolean {
  if (!isKnown(node)) return false;
  const wide = wideAxes(node);
  const rest = node.inputs[0].shape.flatMap((d, i) => (d !== 1 && !wide.includes(i) ? [i] : []));
  return wide.length > 1 && rest.some((a) => a > wide[0]) && rest.some((a) => a < (wide.at(-1) as number));
}

/** The last axes first; a reduction to one number by rows. */
export function inSteps(node: Met): readonly Value[] {
  const { op, inputs, attributes, outputs } = node;
  const [x, axes] = inputs;
  const [first, ...others] = wideAxes(node);
  const [step, then] = [op as OpType, second[op]];
  if (first !== undefined && others.length > 0) {
    const [partial] = applyAll(step, [x, ints(others)], { keepdims: 1 });
    return applyAll(then, axes ? [partial, axes] : [partial], attributes);
  }
  const rows = divisor(elements(x));
  const [partial] = applyAll(step, [reshape(x, [rows, -1]), ints([1])], { keepdims: 0 }); // [rows]
  const [total] = applyAll(then, [partial, ints([0])], { keepdims: 0 });
  return [outputs[0].shape.length === 0 ? total : reshape(total, outputs[0].shape as number[])];
}

/** The divisor of n that is nearest to its square root from below. */
function divisor(n: number): number {
  for (let d = Math.floor(Math.sqrt(n)); d > 1; d--) if (n % d === 0) return d;
  return 1;
}
