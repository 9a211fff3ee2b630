/** Reductions in two steps, where a provider is slow in one: the first makes many partial results, the second few. */
import { applyAll, gemm, matMul, reshape, transpose } from "../../apply.js";
import type { OpType } from "../../ops/index.js";
import { count, fromFront, isStatic } from "../../shapes.js";
import { constant, ints, known, type Value } from "../../value.js";
import type { Met, Replacement } from "./replacement.js";

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
function isScattered(node: Met): boolean {
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

/** Reductions along scattered axes in steps, where a provider's own are slow, or not exact. */
export const scatteredInSteps: Replacement = { ops: steppable, meets: isScattered, instead: inSteps };

/** WebGPU has a thread add fewer than so many numbers, where they lie, if there are more than so many results. */
const [few, many] = [32, 1024];
/** Rows that a product by ones adds in one kernel. */
const atOnce = 512;
/** Elements up to which a launch takes longer than adding them: so many are added by products, in as few kernels as can be. */
const launchBound = 1 << 21;

/** A reduction as one of rows, whose columns stay. */
interface Rows {
  readonly rows: number;
  readonly columns: number;
  /** Whether the columns are channels, the second axis here, which convolutions leave last there. */
  readonly ofChannels: boolean;
  /** How many rows become one, step by step, before the last. */
  readonly steps: readonly number[];
  /** Rows of each group, whose sums are made by one product before the last, if so many are left that it takes two; else null. */
  readonly group: number | null;
}

/** Null where what stays lies between what is reduced and is no channels, no steps lead to few rows, or a thread adds them as it is. */
function rowsOf(node: Met): Rows | null {
  const { shape } = node.inputs[0];
  const wide = wideAxes(node);
  const kept = shape.flatMap((d, i) => (d !== 1 && !wide.includes(i) ? [i] : []));
  if (wide.length === 0 || kept.length === 0) return null;
  const ofChannels = shape.length > 2 && String(kept) === "1";
  if (!ofChannels && (wide.at(-1) as number) > kept[0]) return null;
  const size = (axes: readonly number[]) => axes.reduce((n, a) => n * (shape[a] as number), 1);
  const [rows, columns] = [size(wide), size(kept)];
  const most = columns > many ? few - 1 : atOnce;
  const steps: number[] = [];
  let now = rows;
  let group: number | null = null;
  while (now > most || (steps.length === 0 && node.op === "ReduceSumSquare")) {
    let step = few - 1;
    while (step > 1 && (now % step !== 0 || (now / step) * columns <= many)) step--;
    const isSum = steps.length > 0 || node.op !== "ReduceSumSquare";
    const isSlow = step < 4 || now / step > most;
    group = isSlow && isSum && columns <= many && now * columns <= launchBound ? groupOf(now) : null;
    if (group !== null) break;
    if (step < 4) return null;
    steps.push(step);
    now /= step;
  }
  return columns > many && steps.length === 0 ? null : { rows, columns, ofChannels, steps, group };
}

/** Rows of equal groups, neither of more than a product adds at once nor as many groups: some that kernels take by fours, if there are. */
function groupOf(rows: number): number | null {
  const fits = Array.from({ length: atOnce }, (_, i) => atOnce - i).filter((d) => rows % d === 0 && rows / d <= atOnce);
  return fits.find((d) => d % 4 === 0 && (rows / d) % 4 === 0) ?? fits[0] ?? null;
}

/** Rows that WebGPU would turn into columns, all of them, for a workgroup of 64 threads to add each. */
export const isTurned = (node: Met): boolean =>
  node.inputs[0].dtype === "float32" && isKnown(node) && rowsOf(node) !== null;

/** By a thread for each few rows, where they lie, and at last by one for all, or a product. */
export function inRows(node: Met): readonly Value[] {
  const { op, inputs, outputs } = node;
  const [x] = inputs;
  const { rows, columns, ofChannels, steps, group } = rowsOf(node) as Rows;
  const rank = x.shape.length;
  const places = x.shape.map((_, i) => i);
  let [value, left, reduce] = [ofChannels ? transpose(x, [0, ...places.slice(2), 1]) : x, rows, op as OpType];
  for (const step of steps) {
    left /= step;
    [value] = applyAll(reduce, [reshape(value, [left, step, columns]), ints([1])], { keepdims: 0 });
    reduce = second[op];
  }
  const alpha = op === "ReduceMean" ? 1 / left : 1;
  const ones = (length: number) => constant(new Float32Array(length).fill(1), [1, length]);
  if (group !== null) {
    left /= group;
    value = matMul(ones(group), reshape(value, [left, group, columns]));
  }
  value = reshape(value, [left, columns]);
  const total =
    columns > many
      ? applyAll(reduce, [value, ints([0])], { keepdims: 1 })[0]
      : gemm(ones(left), value, null, { alpha });
  const shape = outputs[0].shape as number[];
  if (!ofChannels || shape.length < rank) return [reshape(total, shape)];
  return [transpose(reshape(total, [...places.slice(1).fill(1), columns]), [0, rank - 1, ...places.slice(1, -1)])];
}

/** The divisor of n that is nearest to its square root from below. */
function divisor(n: number): number {
  for (let d = Math.floor(Math.sqrt(n)); d > 1; d--) if (n % d === 0) return d;
  return 1;
}
