/**
 * A training step in the form that ONNX Runtime's on-device training runs (frozen at 1.19.2): a training graph, an evaluation
 * graph, an optimizer graph and a checkpoint.
 *
 * The step is the portable one, whose every state tensor comes in and goes out as `next`. Here:
 * - a state tensor all of whose readers lie before its next value (momentum encoder, statistics, optimizer slots) is a frozen
 *   parameter that `InPlaceAccumulatorV2` overwrites;
 * - a trainable parameter, which backward nodes still read, goes by its gradient buffer: the buffer gets u = w − next, and the
 *   optimizer graph does w ← w − 1·u;
 * - everything else (queue, prototypes, draws, rates) stays an input, and its next value an output.
 */
import { GraphError, said } from "../errors.js";
import {
  encodeModel,
  type ModelContent,
  type NodeContent,
  type TensorContent,
  type ValueContent,
} from "../onnx/index.js";

/** What a step's tensors become. */
export interface TrainingLayout {
  readonly program: string;
  /** Trained parameters, then frozen ones, each in the order of the graph's inputs, with its shape. */
  readonly trainable: readonly Parameter[];
  readonly frozen: readonly Parameter[];
  /** The other inputs, in the order in which they must be fed. */
  readonly fed: readonly ValueContent[];
  /** The visible outputs, in order. */
  readonly outputs: readonly string[];
  /** State that stays an input → the output that is its next value. */
  readonly state: Readonly<Record<string, string>>;
}

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The files that ONNX Runtime's on-device training loads. */
export interface TrainingArtifacts {
  readonly layout: TrainingLayout;
  readonly training: Uint8Array;
  readonly evaluation: Uint8Array;
  readonly optimizer: Uint8Array;
}

const microsoft = "com.microsoft";
const resetFlag = "lazy_reset_grad";
const always = "always";
const buffer = (name: string): string => `${name}_grad.accumulation.buffer`;

/**
 * The artifacts of a step.
 *
 * @param step - the portable step's model
 * @param state - its state inputs and the outputs that replace them
 * @param isTrainable - which of these training moves by gradients
 * @throws GraphError if no state is trainable, or the step gives no loss
 */
export function trainingArtifacts(
  step: ModelContent,
  state: Readonly<Record<string, string>>,
  isTrainable: (name: string) => boolean,
): TrainingArtifacts {
  const untrained = Object.fromEntries(Object.entries(state).filter(([name]) => !isTrainable(name)));
  const inPlace = overwritable(step, untrained);
  const all = step.inputs.filter((v) => v.name in state && (isTrainable(v.name) || inPlace.has(v.name)));
  const [trainable, frozen] = [true, false].map((wanted) => all.filter((v) => isTrainable(v.name) === wanted));
  if (trainable.length === 0)
    throw new GraphError("not-given", said`${{ graph: step.name }}: none of its state is trainable`);
  const parameters = [...trainable, ...frozen];
  const isParameter = new Set(parameters.map((v) => v.name));
  const hidden = new Set(parameters.map((v) => state[v.name]));
  const fed = step.inputs.filter((v) => !isParameter.has(v.name));
  const outputs = lossFirst(step).filter((v) => !hidden.has(v.name));
  const writes = [
    ...trainable.flatMap(({ name }) => {
      const moved = `${name}_grad`;
      return [node("Sub", "", [name, state[name]], moved), overwrite(buffer(name), moved, `${moved}.accumulation.out`)];
    }),
    ...frozen.map(({ name }) => overwrite(name, state[name], `${name}.assigned_grad`)),
  ];
  const flags = writes.filter((n) => n.op !== "Sub").map((n): ValueContent => ({ ...flag, name: n.outputs[0] }));
  const nodes = withoutUnread(step);
  const buffers = trainable.map((v): ValueContent => ({ ...v, name: buffer(v.name) }));
  const training: ModelContent = {
    ...step,
    inputs: [...fed, ...parameters, ...buffers, { ...flag, name: resetFlag }],
    outputs: [...outputs, ...flags],
    constants: [...step.constants, constant(always, "bool", [1], Uint8Array.of(1))],
    nodes: [...nodes, ...writes],
  };
  const evaluation: ModelContent = { ...step, nodes, inputs: [...fed, ...parameters], outputs };
  const next = Object.entries(state).filter(([name]) => !isParameter.has(name));
  return {
    layout: {
      program: step.name,
      trainable: trainable.map(parameter),
      frozen: frozen.map(parameter),
      fed,
      outputs: outputs.map((v) => v.name),
      state: Object.fromEntries(next),
    },
    training: encodeModel(training),
    evaluation: encodeModel(evaluation),
    optimizer: encodeModel(optimizer),
  };
}

const parameter = ({ name, shape }: ValueContent): Parameter => ({ name, shape: shape.map(Number) });

const flag = { dtype: "bool", shape: [1] } as const;

const constant = (
  name: string,
  dtype: TensorContent["dtype"],
  shape: readonly number[],
  data: TensorContent["data"],
): TensorContent => ({ name, dtype, shape, data });

const node = (op: string, domain: string, inputs: readonly string[], output: string): NodeContent => ({
  name: output,
  op,
  domain,
  inputs,
  outputs: [output],
  attributes: {},
});

/** `held` ← value, when the node runs. */
const overwrite = (held: string, value: string, done: string): NodeContent =>
  node("InPlaceAccumulatorV2", microsoft, [held, value, always], done);

/** The step's nodes; outputs of kernels of the training build that nobody reads are left out, so that they are not computed. */
function withoutUnread({ nodes, outputs }: ModelContent): readonly NodeContent[] {
  const read = new Set([...nodes.flatMap((n) => n.inputs), ...outputs.map((v) => v.name)]);
  return nodes.map((n) =>
    n.domain === microsoft ? { ...n, outputs: n.outputs.map((name) => (read.has(name) ? name : "")) } : n,
  );
}

/** The visible outputs, the loss first as that runtime's convention has it. */
function lossFirst({ name, outputs }: ModelContent): readonly ValueContent[] {
  const loss = outputs.find((v) => v.name === "loss");
  if (!loss)
    throw new GraphError("unknown-name", said`${{ graph: name }}: it has no output named ${{ tensor: "loss" }}`);
  return [loss, ...outputs.filter((v) => v !== loss)];
}

/**
 * State that may be overwritten the moment its next value is known: float32, and every node that reads it lies before that
 * value. Another reader could run after the write, and read the new value for the old.
 */
function overwritable(step: ModelContent, state: Readonly<Record<string, string>>): ReadonlySet<string> {
  const readers = new Map<string, NodeContent[]>();
  for (const n of step.nodes) {
    for (const name of n.inputs) {
      const known = readers.get(name);
      if (known) known.push(n);
      else readers.set(name, [n]);
    }
  }
  const candidates = step.inputs.filter((v) => v.dtype === "float32" && v.name in state);
  return new Set(
    candidates.flatMap(({ name }) => {
      const before = (readers.get(name) ?? []).every((reader) => leadsTo(readers, reader, state[name]));
      return before ? [name] : [];
    }),
  );
}

/** Whether a value is made, at some remove, of what a node gives. Nearest first: a next value is seldom far. */
function leadsTo(readers: ReadonlyMap<string, readonly NodeContent[]>, from: NodeContent, value: string): boolean {
  const seen = new Set([from]);
  for (const n of seen) {
    if (n.outputs.includes(value)) return true;
    for (const output of n.outputs) for (const reader of readers.get(output) ?? []) seen.add(reader);
  }
  return false;
}

const sequence = (name: string): ValueContent => ({ name, dtype: "float32", shape: [], isSequence: true });

/** w ← w − 1·buffer for every trainable parameter. The rate that the runtime feeds is always 0.001, so it is left aside. */
const optimizer: ModelContent = {
  name: "optimizer",
  inputs: [
    { name: "learning_rate", dtype: "float32", shape: [1] },
    { name: "step", dtype: "int64", shape: [1] },
    ...["params", "gradients", "first_order_moments"].map(sequence),
  ],
  outputs: [{ name: "updated", dtype: "bool", shape: [] }],
  constants: [constant("one", "float32", [], Float32Array.of(1))],
  nodes: [node("SGDOptimizerV2", microsoft, ["one", "params", "gradients"], "updated")],
};
