/**
 * Sums along the first axis whose results are joined: where what they sum is so small that a launch takes longer than copying it,
 * it is joined and summed once. Of a transformer these are the gradients of biases and norms, two or four nodes a layer; of a
 * residual network those of filters, of which a device makes one for each group of images.
 */
import { applyAll, concat, mul } from "../../apply.js";
import { sameShape } from "../../reshaping.js";
import { count } from "../../shapes.js";
import { known, type Node, producer, type Value } from "../../value.js";
import { cheaplyCopied, largestJoined } from "../copies.js";

/** How many inputs of nodes a tensor is. */
export type Readers = (v: Value) => number;

/** The sum along the first axis that makes a tensor, if it is one of something small. */
function shortSum(v: Value): Node | null {
  const made = producer(v);
  if (made?.op !== "ReduceSum" || made.domain !== "" || String(known(made.inputs[1])) !== "0") return null;
  const size = count((made.inputs[0] as Value).shape);
  return size !== null && size <= cheaplyCopied ? made : null;
}

/** The product that makes a tensor which nothing but its sum reads. */
function product(v: Value, readers: Readers): Node | null {
  const made = producer(v);
  const isOwn = made?.op === "Mul" && made.domain === "" && readers(v) === 1;
  return isOwn && made.inputs.every((x) => x && sameShape(x.shape, v.shape)) ? made : null;
}

/** What sums are alike in that can be made together for results side by side along an axis; null for what is no such sum. */
function sumKey(v: Value, axis: number, readers: Readers): string | null {
  const made = shortSum(v);
  if (!made) return null;
  const x = made.inputs[0] as Value;
  const along = axis + (made.attributes.keepdims === 0 ? 1 : 0);
  if (along === 0) return null;
  const shape = x.shape.map((d, i) => (i === along ? "*" : d));
  return `${product(x, readers) ? "products" : "sums"} ${shape} ${made.attributes.keepdims}`;
}

/** Tensors of one {@link sumKey} side by side along an axis: what they are sums of side by side, summed. */
function summedTogether(values: readonly Value[], axis: number, readers: Readers): Value {
  const nodes = values.map((v) => producer(v) as Node);
  const [{ attributes, inputs }] = nodes;
  const along = axis + (attributes.keepdims === 0 ? 1 : 0);
  const summed = nodes.map((n) => n.inputs[0] as Value);
  const products = summed.map((v) => product(v, readers));
  const joined = products.every((p) => p !== null)
    ? mul(
        ...([0, 1].map((i) =>
          concat(
            products.map((p) => p.inputs[i] as Value),
            along,
          ),
        ) as [Value, Value]),
      )
    : concat(summed, along);
  return applyAll("ReduceSum", [joined, inputs[1] as Value], attributes)[0];
}

/** Such tensors in runs of which none joins more than a device holds in one tensor. */
function joinable(values: readonly Value[]): readonly (readonly Value[])[] {
  const runs: Value[][] = [[]];
  let size = 0;
  for (const v of values) {
    const own = count(((producer(v) as Node).inputs[0] as Value).shape) as number;
    if (size + own > largestJoined) runs.push([]);
    size = runs.at(-1)?.length === 0 ? own : size + own;
    runs.at(-1)?.push(v);
  }
  return runs;
}

/** `Concat`; sums of what is small are made together. */
export function sumsBeside(values: readonly Value[], axis: number, readers: Readers = () => 0): Value {
  const keyOf = (v: Value) => sumKey(v, axis, readers);
  const runs = runsOf(values, (v) => keyOf(v) ?? "").flatMap((run) => (keyOf(run[0]) ? joinable(run) : [run]));
  const made = runs.flatMap((run) => (run.length > 1 && keyOf(run[0]) ? [summedTogether(run, axis, readers)] : run));
  return concat(made, axis);
}

/** Neighbours that are alike in something. */
export function runsOf<T>(values: readonly T[], likeness: (v: T) => string): readonly (readonly T[])[] {
  const runs: { readonly key: string; readonly values: T[] }[] = [];
  for (const v of values) {
    const key = likeness(v);
    const last = runs.at(-1);
    if (last?.key === key) last.values.push(v);
    else runs.push({ key, values: [v] });
  }
  return runs.map((run) => run.values);
}
