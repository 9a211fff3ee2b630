/**
 * What readers do to the ops of a file: older forms become those of opset 18 (axes as inputs, `auto_pad` as pads), and ops
 * without a gradient rule, or that some providers lack, become compositions.
 */
import { GraphError, said } from "../errors.js";
import {
  abs,
  add,
  batchNormTrain,
  div,
  expand,
  gatherElements,
  mean,
  mul,
  neg,
  type Operand,
  reshape,
  sum,
} from "./apply.js";
import {
  crossEntropy,
  gelu,
  groupNorm,
  hardSwish,
  instanceNorm,
  l2Normalize,
  mish,
  selu,
  softsign,
} from "./compose.js";
import { check } from "./ops/check.js";
import { attributesOf, type FilledOf, signatureOf, windowOf } from "./ops/index.js";
import type { replaced } from "./ops/replaced.js";
import { fromFront } from "./shapes.js";
import { type Attributes, ints, known, type Value } from "./value.js";

type Inputs = readonly (Value | null)[];

interface Form {
  readonly inputs: Inputs;
  readonly attributes: Attributes;
}

/** Moves an attribute that became an input. */
function asInput(name: string, { inputs, attributes }: Form): Form {
  const { [name]: moved, ...rest } = attributes;
  if (moved === undefined) return { inputs, attributes };
  return {
    inputs: [inputs[0], ints(typeof moved === "number" ? [moved] : (moved as readonly number[]))],
    attributes: rest,
  };
}

/** Leaves out attributes that opset 18 does not have, where they say what is so anyway. */
function without({ inputs, attributes }: Form, defaults: Attributes): Form {
  const kept = Object.entries(attributes).filter(([k, v]) => {
    if (!(k in defaults)) return true;
    if (String(v) !== String(defaults[k]))
      throw new GraphError("unsupported-op", said`${{ attribute: k }} = ${String(v)} is not supported`);
    return false;
  });
  return { inputs, attributes: Object.fromEntries(kept) };
}

/** Explicit pads instead of `auto_pad`, for known sizes. */
function explicitPads({ inputs, attributes }: Form): Form {
  const { auto_pad: mode, ...rest } = attributes;
  if (mode === undefined || mode === "NOTSET" || mode === "VALID") return { inputs, attributes: rest };
  const spatial = (inputs[0] as Value).shape.slice(2);
  const kernel =
    (rest.kernel_shape as readonly number[] | undefined) ?? ((inputs[1] as Value).shape.slice(2) as readonly number[]);
  const { strides, dilations } = windowOf(rest, kernel);
  const totals = kernel.map((k, i) => {
    const d = spatial[i];
    if (typeof d !== "number")
      throw new GraphError(
        "unsupported-op",
        said`${{ attribute: "auto_pad" }} ${String(mode)} needs known image sizes, found ${d}`,
      );
    return Math.max(0, (Math.ceil(d / strides[i]) - 1) * strides[i] + dilations[i] * (k - 1) + 1 - d);
  });
  const small = totals.map((t) => Math.floor(t / 2));
  const large = totals.map((t) => Math.ceil(t / 2));
  return { inputs, attributes: { ...rest, pads: mode === "SAME_UPPER" ? [...small, ...large] : [...large, ...small] } };
}

/** ONNX's `kernel_shape` of a Conv repeats the filters' shape. */
function plainConv(form: Form): Form {
  const { inputs, attributes } = explicitPads(form);
  const { kernel_shape: _, output_shape: shape, ...rest } = attributes;
  if (shape !== undefined)
    throw new GraphError(
      "unsupported-op",
      said`${{ attribute: "output_shape" }} is not supported; give pads and output_padding`,
    );
  return { inputs, attributes: rest };
}

/** The sizes of a split's parts, where only their number is given. */
function explicitParts(form: Form, outputs: number): Form {
  const { inputs, attributes } = asInput("split", form);
  const { num_outputs: _, ...rest } = attributes;
  if (inputs[1]) return { inputs, attributes: rest };
  const { shape } = inputs[0] as Value;
  const d = shape[fromFront(attributesOf("Split", rest).axis, shape.length)];
  if (typeof d !== "number")
    throw new GraphError("unsupported-op", `a split along an axis of unknown size (${d}) needs its parts`);
  const chunk = Math.ceil(d / outputs);
  const parts = Array.from({ length: outputs }, (_, i) => Math.min(chunk, d - i * chunk));
  return { inputs: [inputs[0], ints(parts)], attributes: rest };
}

type Modernise = (inputs: Inputs, attributes: Attributes, outputs: number) => Form;
const rewritten =
  (change: (form: Form, outputs: number) => Form): Modernise =>
  (inputs, attributes, outputs) =>
    change({ inputs, attributes }, outputs);

const axesAsInput = rewritten((form) => asInput("axes", form));

/** Ops that keep their name. */
export const modernise: Readonly<Record<string, Modernise>> = {
  ReduceMean: axesAsInput,
  ReduceMax: axesAsInput,
  ReduceMin: axesAsInput,
  ReduceProd: axesAsInput,
  ReduceSum: axesAsInput,
  ReduceL1: axesAsInput,
  ReduceL2: axesAsInput,
  ReduceSumSquare: axesAsInput,
  ReduceLogSumExp: axesAsInput,
  Squeeze: axesAsInput,
  Unsqueeze: axesAsInput,
  Split: rewritten(explicitParts),
  Conv: rewritten(plainConv),
  ConvTranspose: rewritten(plainConv),
  MaxPool: rewritten((form) => without(explicitPads(form), { storage_order: 0 })),
  AveragePool: rewritten((form) => explicitPads(form)),
  Cast: rewritten((form) => without(form, { saturate: 1 })),
  GroupNormalization: rewritten((form) => without(form, { stash_type: 1 })),
};

/** The ops that become others: most have no place in a graph, some only in a form of theirs. */
type Replaced =
  | keyof typeof replaced
  | "BatchNormalization"
  | "GroupNormalization"
  | "InstanceNormalization"
  | "Dropout";

/** From inputs and attributes as the op declares them; null: the op is kept. */
type Replace<K extends Replaced> = (
  inputs: readonly Value[],
  attributes: FilledOf<K>,
  outputs: number,
) => readonly Value[] | null;

const replacements: { readonly [K in Replaced]: Replace<K> } = {
  /** Training form: running ← momentum·running + (1 − momentum)·batch. */
  BatchNormalization: ([x, scale, bias, mean, variance], { training_mode, momentum, epsilon }) => {
    if (!training_mode) return null;
    const [y, average, spread] = batchNormTrain(x, scale, bias, epsilon);
    const moved = (old: Value, batch: Operand) => add(mul(old, momentum), mul(batch, 1 - momentum));
    return [y, moved(mean, average), moved(variance, spread)];
  },
  /** Opset 21 scales by channel, 18 by group. */
  GroupNormalization: ([x, scale, bias], { num_groups: groups, epsilon }) => {
    const channels = x.shape[1] as number;
    const each = (v: Value) =>
      v.shape[0] === channels ? v : reshape(expand(reshape(v, [groups, 1]), [groups, channels / groups]), [channels]);
    return [groupNorm(x, groups, each(scale), each(bias), epsilon)];
  },
  InstanceNormalization: ([x, scale, bias], { epsilon }) => [instanceNorm(x, scale, bias, epsilon)],
  LpNormalization: ([x], { axis, p }) => [p === 1 ? div(x, sum(abs(x), [axis], true)) : l2Normalize(x, axis)],
  Gelu: ([x], { approximate }) => [gelu(x, approximate === "tanh" ? "tanh" : "exact")],
  HardSwish: ([x]) => [hardSwish(x)],
  Mish: ([x]) => [mish(x)],
  Selu: ([x], { alpha, gamma }) => [selu(x, alpha, gamma)],
  Softsign: ([x]) => [softsign(x)],
  SoftmaxCrossEntropyLoss: ([scores, labels, weights], a) => {
    plainLoss(scores, weights, a);
    return [averaged(crossEntropy(scores, labels), a)];
  },
  NegativeLogLikelihoodLoss: ([x, labels, weights], a) => {
    plainLoss(x, weights, a);
    return [averaged(neg(reshape(gatherElements(x, reshape(labels, [-1, 1]), 1), [-1])), a)];
  },
  /** In inference form it does nothing. */
  Dropout: ([x, , training], _, outputs) => (outputs === 1 && !(training && known(training)?.[0] !== 0) ? [x] : null),
};

export const isReplaced = (op: string): op is Replaced => op in replacements;

/**
 * What an op becomes.
 *
 * @returns its outputs; null: the op is kept
 * @throws ShapeError if inputs or attributes are not what it declares
 */
export function replace<K extends Replaced>(
  op: K,
  inputs: Inputs,
  attributes: Attributes,
  outputs: number,
): readonly Value[] | null {
  check(op, signatureOf(op), inputs, attributes);
  const replacement: Replace<K> = replacements[op];
  return replacement(inputs as readonly Value[], attributesOf(op, attributes), outputs);
}

type Loss = FilledOf<"SoftmaxCrossEntropyLoss">;

function plainLoss(x: Value, weights: Value | undefined, a: Loss): void {
  if (weights || a.ignore_index !== undefined || x.shape.length !== 2)
    throw new GraphError("unsupported-op", "only scores [N, classes] without weights and ignore_index are supported");
}

function averaged(losses: Value, { reduction }: Loss): Value {
  return reduction === "mean" ? mean(losses) : reduction === "sum" ? sum(losses) : losses;
}
