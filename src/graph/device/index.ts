/**
 * The form of a graph in which ONNX Runtime's WebGPU provider computes what it says. Some kernels of that provider give wrong
 * numbers for some shapes, without an error; `defects.ts` has a row for each, with what is right instead.
 */
import { GraphError } from "../../errors.js";
import { buildModel } from "../model.js";
import { readModel } from "../read.js";
import { rewriteGraph } from "../rewrite.js";
import { describe, type Value } from "../value.js";
import { defects } from "./defects.js";

/**
 * `outputs` without any node that meets a defect of the WebGPU provider (onnxruntime 1.30). Composites must be expanded. The
 * same numbers on every provider; applied twice, it changes nothing more.
 *
 * @throws GraphError for a node that nothing makes right, with its op, scope and shapes
 */
export function deviceForm(outputs: readonly Value[]): readonly Value[] {
  let made = outputs;
  for (const [name, { ops, meets, instead }] of Object.entries(defects))
    made = rewriteGraph(made, (node, inputs) => {
      if (node.domain !== "" || (ops && !ops.includes(node.op))) return null;
      const { op, attributes, outputs } = node;
      const at = { op, inputs: inputs as readonly Value[], attributes, outputs };
      if (!meets(at)) return null;
      if (instead) return instead(at);
      const shown = at.inputs.map((v) => (v ? describe(v) : "none")).join(", ");
      throw new GraphError(
        `${node.scope ? `${node.scope}/` : ""}${node.op} cannot run on WebGPU: ${name} (${shown}). Compose it of other ops, or run it on the CPU`,
      );
    });
  return made;
}

/**
 * A model in {@link deviceForm}, with the same inputs and outputs.
 *
 * @param model - an ONNX file as `readModel` takes it: what it does not know cannot be vouched for
 * @throws GraphError as `readModel` and `deviceForm`
 */
export function deviceModel(model: Uint8Array): Uint8Array {
  const graph = readModel(model);
  const outputs = deviceForm(Object.values(graph.outputs));
  return buildModel({
    ...graph,
    outputs: Object.fromEntries(Object.keys(graph.outputs).map((name, i) => [name, outputs[i]])),
  });
}
