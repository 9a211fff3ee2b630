/**
 * Gradients of layer normalisations before products, of all layers at once. Where y = x̂·γ + β enters y·Wᵀ, whose cotangent is d, the
 * cotangent of x̂ less its mean is d·W″, W″ being W·γ less the means of its rows; and with M = dᵀ·x̂ and s = Σ d
 *
 *     dW = M·γ + s·βᵀ    dγ = Σ M·W    dβ = Σ s·W    over the rows of W
 *
 * So what is done to every token becomes something done to weights, and to those of all layers together.
 */
import { add, applyAll, concat, gather, gemm, mean, mul, reshape, split, sub } from "../apply.js";
import type { Graph } from "../model.js";
import { count, isSize } from "../shapes.js";
import { constant, known, madeBy, type Node, topological, type Value } from "../value.js";
import { cheaplyCopied } from "./copies.js";
import { sumsBeside } from "./flat/reduced.js";
import { withOutputs } from "./outputs.js";
import { type Rewrite, rewriteGraph } from "./rewrite.js";

/** Fewer layers save no nodes. */
const fewest = 12;

/** `graph` with such gradients of its layers at once. */
export const normsAtOnce = (graph: Graph): Graph =>
  withOutputs(graph, (outputs) => {
    const found = layersOf(outputs);
    if (!isWorth(found) || new Set(found.map(({ weight }) => weight)).size < found.length) return outputs;
    const weights = stackOf(found);
    return parametersOf(rewriteGraph(outputs, centredBy(found, weights)), found, weights);
  });

/** Whether what is done to weights instead, some 16 copies' worth, is less than two launches a layer and 6 copies of its tokens. */
function isWorth(layers: readonly Layer[]): boolean {
  const elements = (values: readonly Value[]) => values.reduce((n, { shape }) => n + (count(shape) as number), 0);
  const weights = elements(layers.map(({ weight }) => weight));
  const tokens = elements(layers.map(({ unit }) => unit));
  return layers.length >= fewest && 16 * weights < 2 * layers.length * cheaplyCopied + 6 * tokens;
}

interface Norm {
  readonly weight: Value;
  readonly scale: Value;
}

/** A layer whose norm has a gradient. */
interface Layer extends Norm {
  /** ĝ less what of it lies along x̂, less its mean: the tensor, and what it is made of. */
  readonly centred: Value;
  readonly product: Node;
  readonly unit: Value;
}

/** The layer of (ĝ − x̂·mean(ĝ·x̂)) − mean(ĝ), with ĝ = (d·W)·γ. */
function layerOf(centred: Value): Layer | null {
  const along = madeBy(centred, "Sub")?.inputs[0];
  const [scaled, across] = madeBy(along, "Sub")?.inputs ?? [];
  const average = madeBy(centred, "Sub")?.inputs[1];
  const unit = madeBy(across, "Mul")?.inputs[0];
  const [given, scale] = madeBy(scaled, "Mul")?.inputs ?? [];
  const product = madeBy(given, "Gemm");
  if (!scaled || !unit || !scale || !product || madeBy(average, "ReduceMean")?.inputs[0] !== scaled) return null;
  const weight = product.inputs[1] as Value;
  const isPlain = !product.inputs[2] && !product.attributes.transA && !product.attributes.transB;
  const isUnit = madeBy(unit, "LayerNormalization")?.outputs[0] === unit;
  const areParameters =
    [weight, scale].every((v) => v.source.kind === "input") && [...weight.shape, ...unit.shape].every(isSize);
  return isPlain && isUnit && areParameters ? { centred, weight, scale, product, unit } : null;
}

/** Layers of as many tokens and one width, in the order of their parameters. */
function layersOf(outputs: readonly Value[]): readonly Layer[] {
  const all = topological(outputs).flatMap((n) => (n.op === "Sub" ? (layerOf(n.outputs[0]) ?? []) : []));
  const groups = new Map<string, Layer[]>();
  for (const layer of all) {
    const key = String(layer.unit.shape);
    groups.set(key, [...(groups.get(key) ?? []), layer]);
  }
  const [largest = []] = [...groups.values()].sort((a, b) => b.length - a.length);
  return largest.sort((a, b) => (a.weight.name < b.weight.name ? -1 : 1));
}

/** Weights of all layers one below another, for each of their rows its layer's scale, and how many are whose. */
interface Stack {
  readonly rows: readonly number[];
  readonly weights: Value;
  /** For each row of the weights its layer's row of vectors. */
  readonly spread: (vectors: readonly Value[]) => Value;
  readonly scales: Value;
}

function stackOf(layers: readonly Norm[]): Stack {
  const rows = layers.map(({ weight }) => weight.shape[0] as number);
  const places = constant(
    rows.flatMap((n, layer) => Array<number>(n).fill(layer)),
    [rows.reduce((a, b) => a + b)],
    "int32",
  );
  const spread = (vectors: readonly Value[]) => gather(reshape(concat(vectors, 0), [vectors.length, -1]), places);
  const weights = concat(
    layers.map(({ weight }) => weight),
    0,
  );
  return { rows, weights, spread, scales: spread(layers.map(({ scale }) => scale)) };
}

/** Cotangents of x̂ less their means by centred weights. */
function centredBy(layers: readonly Norm[], { rows, weights, scales }: Stack): Rewrite {
  const scaled = mul(weights, scales);
  const pieces = split(sub(scaled, mean(scaled, [1], true)), rows, 0);
  const of = new Map(layers.map(({ weight }, i) => [weight, pieces[i]]));
  return (node, inputs) => {
    if (node.op !== "Sub" || !layerOf(node.outputs[0])) return null;
    const found = layerOf(sub(...(inputs as [Value, Value])));
    const piece = found && of.get(found.weight);
    if (!found || !piece) return null;
    const { product, unit } = found;
    const [centred] = applyAll("Gemm", [product.inputs[0] as Value, piece], product.attributes);
    return [sub(centred, mul(unit, mean(mul(centred, unit), [1], true)))];
  };
}

/** What makes the gradients of a layer's parameters. */
interface Gradients {
  /** Of the weight, ready but for the norm's part: dᵀ·x̂. */
  readonly product: Value;
  readonly weight: Value;
  readonly scale: Value;
  readonly bias: Value;
  /** Parameters: what is added to x̂·γ. */
  readonly shift: Value;
  /** Σ d and by what the product multiplies it. */
  readonly sum: Value;
  readonly alpha: number;
}

/** The graph with the gradients of all layers' parameters from few sums of weights. */
function parametersOf(outputs: readonly Value[], layers: readonly Norm[], stack: Stack): readonly Value[] {
  const nodes = topological(outputs);
  const readers = new Map<Value, Node[]>();
  for (const n of nodes) for (const v of n.inputs) if (v) readers.set(v, [...(readers.get(v) ?? []), n]);
  const found = layers.map((norm) => gradientsOf(norm, readers));
  if (found.some((g) => !g)) return outputs;
  const gradients = found as readonly Gradients[];
  const own = new Set(gradients.flatMap(({ scale, bias }) => [scale, bias]));
  const tokens = (summed(gradients[0].sum) as Value).shape[0];
  const isBias = (v: Value) => summed(v)?.shape[0] === tokens && summed(v)?.shape.length === 2 && !own.has(v);
  const sums = nodes.map((n) => n.outputs[0]).filter(isBias);
  const replaced = new Map(
    split(
      sumsBeside(sums, 1),
      sums.map((v) => v.shape[1] as number),
      1,
    ).map((piece, i) => [sums[i], piece]),
  );
  const rows = reshape(
    mul(
      concat(
        gradients.map(({ sum }) => replaced.get(sum) as Value),
        1,
      ),
      constant(gradients.flatMap(({ alpha }, i) => Array<number>(stack.rows[i]).fill(alpha))),
    ),
    [-1, 1],
  );
  const products = concat(
    gradients.map(({ product }) => product),
    0,
  );
  const whole = add(mul(products, stack.scales), mul(rows, stack.spread(gradients.map(({ shift }) => shift))));
  for (const [i, piece] of split(whole, stack.rows, 0).entries()) replaced.set(gradients[i].weight, piece);
  const total = stack.rows.reduce((a, b) => a + b);
  const whose = new Float32Array(layers.length * total); // 1 where a row is of a layer
  let from = 0;
  for (const [i, n] of stack.rows.entries()) {
    whose.fill(1, i * total + from, i * total + from + n);
    from += n;
  }
  const byLayer = (v: Value) =>
    split(
      gemm(constant(whose, [layers.length, total]), v),
      layers.map(() => 1),
      0,
    );
  for (const [i, piece] of byLayer(mul(products, stack.weights)).entries()) replaced.set(gradients[i].scale, piece);
  for (const [i, piece] of byLayer(mul(rows, stack.weights)).entries()) replaced.set(gradients[i].bias, piece);
  return rewriteGraph(outputs, () => null, replaced);
}

/** What is summed over its rows, if a tensor is such a sum. */
function summed(v: Value): Value | null {
  const made = madeBy(v, "ReduceSum");
  const isOfRows = made?.attributes.keepdims === 1 && String(known(made.inputs[1])) === "0";
  return isOfRows ? (made.inputs[0] as Value) : null;
}

function gradientsOf({ weight, scale }: Norm, readers: ReadonlyMap<Value, readonly Node[]>): Gradients | null {
  const ofWeight = readers.get(weight) ?? [];
  const back = ofWeight.find(
    ({ op, attributes, inputs }) => op === "Gemm" && !attributes.transB && inputs[1] === weight,
  );
  if (!back) return null;
  const sumOf = (v: Value) => (readers.get(v) ?? []).map((n) => n.outputs[0]).find((y) => summed(y) === v);
  const [given] = back.inputs as readonly Value[];
  const along = readers.get(back.outputs[0])?.find(({ op }) => op === "Mul");
  const unit = along?.inputs.find((v) => v !== back.outputs[0]);
  const direct = readers
    .get(given)
    ?.find(({ op, attributes, inputs }) => op === "Gemm" && attributes.transA === 1 && inputs[0] === given);
  const norm = madeBy(direct?.inputs[1], "LayerNormalization");
  const [sum, bias] = [sumOf(given), sumOf(back.outputs[0])];
  const scaleSum = along && sumOf(along.outputs[0]);
  if (!unit || !direct || norm?.inputs[1] !== scale || !norm.inputs[2] || !sum || !bias || !scaleSum) return null;
  const [product] = applyAll("Gemm", [given, unit], direct.attributes);
  const alpha = (back.attributes.alpha as number | undefined) ?? 1;
  return { product, weight: direct.outputs[0], scale: scaleSum, bias, shift: norm.inputs[2], sum, alpha };
}
