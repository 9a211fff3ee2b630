/**
 * Several steps in one run: the step as the body of an ONNX `Loop`, with the state carried from one to the next. Bindings that
 * copy every output to JavaScript then copy the state once a run. The numbers are those of single steps, bit for bit.
 */
import { GraphError } from "../errors.js";
import type { ModelContent, NodeContent, ValueContent } from "../onnx/index.js";
import { isFed } from "./names.js";

/** How many steps a run of a repeated program does: int64 scalar. */
export const stepCount = "steps";

/** Names inside the body differ from all names around it. */
const inner = (name: string): string => `body/${name}`;

const stacked = (v: ValueContent): ValueContent => ({ ...v, shape: [stepCount, ...v.shape] });
const flag = { dtype: "bool", shape: [] } as const;

/**
 * A step's model as one that does `steps` of them.
 *
 * @param step - the model of one step
 * @param state - its state inputs and the outputs that replace them
 * @param results - other outputs to keep
 * @returns a model whose state goes in and out as the step's does; what is fed, and `results`, gain a first axis of `steps`
 */
export function repeated(
  step: ModelContent,
  state: Readonly<Record<string, string>>,
  results: readonly string[],
): ModelContent {
  const find = (values: readonly ValueContent[], name: string): ValueContent => {
    const value = values.find((v) => v.name === name);
    if (!value) throw new GraphError(`repeat ${step.name}: it has no ${name}`);
    return value;
  };
  const carried = Object.entries(state).map(([name, output]) => ({ input: find(step.inputs, name), output }));
  const kept = results.map((name) => find(step.outputs, name));
  const fed = step.inputs.filter((v) => isFed(v.name));
  const around = new Set(step.inputs.filter((v) => !isFed(v.name) && !(v.name in state)).map((v) => v.name));
  const rename = (name: string): string => (name === "" || around.has(name) ? name : inner(name));
  const renamed = <V extends { readonly name: string }>(v: V): V => ({ ...v, name: inner(v.name) });
  const turn: ValueContent = { name: inner("step index"), dtype: "int64", shape: [] };
  const [before, after] = [inner("go on"), inner("goes on")];
  const node = (op: string, inputs: readonly string[], output: string, attributes = {}): NodeContent => ({
    name: output,
    op,
    domain: "",
    inputs,
    outputs: [output],
    attributes,
  });
  const body = {
    name: step.name,
    inputs: [turn, { ...flag, name: before }, ...carried.map((c) => renamed(c.input))],
    outputs: [
      { ...flag, name: after },
      ...carried.map((c) => ({ ...c.input, name: inner(c.output) })),
      ...kept.map(renamed),
    ],
    constants: step.constants.map(renamed),
    nodes: [
      node("Identity", [before], after),
      ...fed.map((v) => node("Gather", [v.name, turn.name], inner(v.name), { axis: 0 })),
      ...step.nodes.map((n) => ({
        ...n,
        name: inner(n.name),
        inputs: n.inputs.map(rename),
        outputs: n.outputs.map(rename),
      })),
    ],
  };
  const outputs = [...carried.map((c) => ({ ...c.input, name: c.output })), ...kept.map(stacked)];
  const loop: NodeContent = {
    name: step.name,
    op: "Loop",
    domain: "",
    inputs: [stepCount, "", ...carried.map((c) => c.input.name)],
    outputs: outputs.map((v) => v.name),
    attributes: { body },
  };
  return {
    ...step,
    inputs: [
      { name: stepCount, dtype: "int64", shape: [] },
      ...step.inputs.map((v) => (isFed(v.name) ? stacked(v) : v)),
    ],
    outputs,
    constants: [],
    nodes: [loop],
  };
}
