/**
 * Which form of a graph an engine runs best: standard ONNX, or on the CPU provider the blocked convolutions of its own domain
 * (`com.microsoft.nchwc`), internals of ONNX Runtime whose block depends on the machine, so it is probed.
 */
import type { CompileTarget } from "../compileTarget.js";
import { ProviderError } from "../errors.js";
import { encodeModel } from "../onnx/index.js";
import type { Engine } from "./engine.js";

const program = "blockProbe";
const shape = [1, 16, 2, 2];
const pixels = 4;

/**
 * On the CPU the blocked form if the provider has it, else the portable one; elsewhere the devices' form, or the training build's. `ReorderInput` on 0, 1, 2, … puts the first
 * pixel of the first `block` channels first: 0, 4, 8, …, so where that progression breaks is the block.
 */
export async function targetOf(engine: Engine): Promise<CompileTarget> {
  const { precision } = engine;
  if (engine.backend === "ort-training") return { kind: "training" };
  if (engine.provider !== "cpu") {
    const kernels = await engine.kernels();
    return { kind: "device", precision, ...(kernels && { kernels }) };
  }
  try {
    await engine.load(program, blockProbe());
  } catch (error) {
    if (error instanceof ProviderError) return { kind: "portable" };
    throw error;
  }
  try {
    const data = Float32Array.from({ length: 64 }, (_, i) => i);
    const { y } = await engine.run(program, { x: { shape, data } }, ["y"]);
    const numbers = Array.from(y.data, Number);
    const block = numbers.findIndex((value, i) => value !== i * pixels);
    return block === 8 || block === 16 ? { kind: "blocked", block } : { kind: "portable" };
  } finally {
    await engine.unload(program);
  }
}

const blockProbe = (): Uint8Array =>
  encodeModel({
    name: program,
    inputs: [{ name: "x", dtype: "float32", shape }],
    outputs: [{ name: "y", dtype: "float32", shape }],
    constants: [],
    nodes: [
      {
        name: "reorder",
        op: "ReorderInput",
        domain: "com.microsoft.nchwc",
        inputs: ["x"],
        outputs: ["y"],
        attributes: {},
      },
    ],
  });
