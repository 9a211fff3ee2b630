/**
 * Graphs as providers' kernels are right and fast. Some kernels of the WebGPU provider give wrong numbers for some shapes, without
 * an error; `defects.ts` has a row for each, with what is right instead. What providers are slow at stands in `slow.ts`.
 */
import { buildModel } from "../../model.js";
import { readIfKnown, readModel } from "../../read.js";
import type { Value } from "../../value.js";
import { standardModel } from "../cuda/index.js";
import { expandComposites, forDevices } from "../expand/index.js";
import { withOutputs } from "../outputs.js";
import { defects } from "./defects.js";
import { inexactOnCpu } from "./inexact.js";
import { replaced } from "./replacement.js";
import { slowOnCuda, slowOnWebGpu } from "./slow.js";

/**
 * `outputs` without any node that meets a defect of the WebGPU provider (onnxruntime 1.30). Composites must be expanded. The
 * same numbers on every provider; applied twice, it changes nothing more.
 *
 * @throws GraphError for a node that nothing makes right, with its op, scope and shapes
 */
export const deviceForm = (outputs: readonly Value[]): readonly Value[] => replaced(outputs, defects);

/**
 * A model in {@link deviceForm}, and as the WebGPU provider is fast, with the same inputs and outputs.
 *
 * @param model - an ONNX file as `readModel` takes it: what it does not know cannot be vouched for
 * @throws GraphError as `readModel` and `deviceForm`
 */
export const webGpuModel = (model: Uint8Array): Uint8Array =>
  buildModel(withOutputs(readModel(model), (outputs) => deviceForm(replaced(expanded(outputs), slowOnWebGpu))));

/** Without the composites that a file's ops become as they are read. */
const expanded = (outputs: readonly Value[]): readonly Value[] => expandComposites(outputs, forDevices);

/** A model with a table's rows applied; one that `readModel` does not take stays as it is. */
function inForm(model: Uint8Array, table: Parameters<typeof replaced>[1]): Uint8Array {
  const graph = readIfKnown(model);
  return graph ? buildModel(withOutputs(graph, (outputs) => replaced(expanded(outputs), table))) : model;
}

/**
 * A model as CUDA's kernels are fast: the same numbers up to rounding, the same inputs and outputs. One that `readModel` does not
 * take stays as it is.
 */
export const cudaModel = (model: Uint8Array): Uint8Array => inForm(model, slowOnCuda);

/** A model in standard ops, as exact as the CPU's kernels are: what runs elsewhere are compared with. Others as `standardModel` leaves them. */
export const exactModel = (model: Uint8Array): Uint8Array => inForm(standardModel(model), inexactOnCpu);
