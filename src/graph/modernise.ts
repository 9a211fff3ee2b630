/**
 * What readers do to the ops of a file: older forms become those of opset 18 (axes as inputs, `auto_pad` as pads), and ops
 * without a gradient rule, or that some providers lack, become compositions.
 */
import { GraphError } from "../errors.js";
import {
  abs,
  add,
  applyAll,
  batchNormTrain,
  div,
  expand,
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
import { type Attribute, ints, known, type Value } from "./value.js";

type Attributes = Readonly<Record<string, Attribute>>;
type Inputs = readonly (Value | null)[];

interface Form {
  readonly inputs: Inputs;
  readonly attributes: Attributes;
}

const number = (a: Attributes, name: string, fallback: number): number => (a[name] as number | undefined) ?? fallback;

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
    if (String(v) !== String(defaults[k])) throw new GraphError(`${k} = ${v} is not supported`);
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
  const strides = (rest.strides as readonly number[] | undefined) ?? kernel.map(() => 1);
  const dilations = (rest.dilations as readonly number[] | undefined) ?? kernel.map(() => 1);
  const totals = kernel.map((k, i) => {
    const d = spatial[i];
    if (typeof d !== "number") throw new GraphError(`auto_pad ${mode} needs known image sizes, found ${d}`);
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
  if (shape !== undefined) throw new GraphError("output_shape is not supported; give pads and output_padding");
  return { inputs, attributes: rest };
}

/** The sizes of a split's parts, where only their number is given. */
function explicitParts(form: Form, outputs: number): Form {
  const { inputs, attributes } = asInput("split", form);
  const { num_outputs: _, ...rest } = attributes;
  if (inputs[1]) return { inputs, attributes: rest };
  const { shape } = inputs[0] as Value;
  const axis = number(rest, "axis", 0);
  const d = shape[axis < 0 ? axis + shape.length : axis];
  if (typeof d !== "number") throw new GraphError(`a split along an axis of unknown size (${d}) needs its parts`);
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
};

type Replace = (inputs: Inputs, attributes: Attributes, outputs: number) => readonly Value[] | null;

/** Ops that become others; null: the op is kept. */
export const replace: Readonly<Record<string, Replace>> = {
  /** Training form: running ← momentum·running + (1 − momentum)·batch. */
  BatchNormalization: ([x, scale, bias, mean, variance], a) => {
    if (!number(a, "training_mode", 0)) return null;
    const keep = number(a, "momentum", 0.9);
    const [y, average, spread] = batchNormTrain(x!, scale!, bias!, number(a, "epsilon", 1e-5));
    const moved = (old: Value, batch: Operand) => add(mul(old, keep), mul(batch, 1 - keep));
    return [y, moved(mean!, average), moved(variance!, spread)];
  },
  /** Opset 21 scales by channel, 18 by group. */
  GroupNormalization: ([x, scale, bias], a) => {
    const groups = number(a, "num_groups", 1);
    const channels = x!.shape[1] as number;
    const each = (v: Value) =>
      v.shape[0] === channels ? v : reshape(expand(reshape(v, [groups, 1]), [groups, channels / groups]), [channels]);
    return [groupNorm(x!, groups, each(scale!), each(bias!), number(a, "epsilon", 1e-5))];
  },
  InstanceNormalization: ([x, scale, bias], a) => [instanceNorm(x!, scale!, bias!, number(a, "epsilon", 1e-5))],
  LpNormalization: ([x], a) => {
    const axis = number(a, "axis", -1);
    return [number(a, "p", 2) === 1 ? div(x!, sum(abs(x!), [axis], true)) : l2Normalize(x!, axis)];
  },
  Gelu: ([x], a) => [gelu(x!, a.approximate === "tanh" ? "tanh" : "exact")],
  HardSwish: ([x]) => [hardSwish(x!)],
  Mish: ([x]) => [mish(x!)],
  Selu: ([x], a) => [selu(x!, number(a, "alpha", 1.6732632423543772), number(a, "gamma", 1.0507009873554805))],
  Softsign: ([x]) => [softsign(x!)],
  SoftmaxCrossEntropyLoss: ([scores, labels, weights], a) => [averaged(entropyLoss(scores!, labels!, weights, a), a)],
  NegativeLogLikelihoodLoss: ([x, labels, weights], a) => {
    plainLoss(x!, weights, a);
    return [
      averaged(neg(reshape(applyAll("GatherElements", [x!, reshape(labels!, [-1, 1])], { axis: 1 })[0], [-1])), a),
    ];
  },
  /** In inference form it does nothing. */
  Dropout: ([x, , training], _, outputs) => (outputs === 1 && !(training && known(training)?.[0] !== 0) ? [x!] : null),
};

function plainLoss(x: Value, weights: Value | null | undefined, a: Attributes): void {
  if (weights || a.ignore_index !== undefined || x.shape.length !== 2)
    throw new GraphError("only scores [N, classes] without weights and ignore_index are supported");
}

function entropyLoss(x: Value, labels: Value, weights: Value | null | undefined, a: Attributes): Value {
  plainLoss(x, weights, a);
  return crossEntropy(x, labels);
}

function averaged(losses: Value, a: Attributes): Value {
  const how = (a.reduction as string | undefined) ?? "mean";
  return how === "mean" ? mean(losses) : how === "sum" ? sum(losses) : losses;
}
