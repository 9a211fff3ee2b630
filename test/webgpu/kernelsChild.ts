/** A step of the backbone that `HCSC_BACKBONE` names, once on WebGPU, with ONNX Runtime's log of the kernels that it launches on stderr. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { webGpuModel } from "../../src/graph/index.js";
import { stepPrograms, stepSettings } from "../../src/programs/index.js";
import { randomFeeds, recipeOf } from "../../tools/bench/steps.js";

const s = stepSettings(recipeOf({ backbone: process.env.HCSC_BACKBONE as string, batchSize: 4, imageSize: 32 }));
const [step] = stepPrograms(s, "selective", { kind: "device", precision: "fp32" });
const information = 1;
const session = await InferenceSession.create(webGpuModel(step.model), {
  executionProviders: [{ name: "webgpu", enableRobustness: true }],
  logSeverityLevel: information,
});
const dtypes = new Map(step.inputs.map(({ name, dtype }) => [name, dtype]));
const feeds = Object.entries(randomFeeds(s, step.inputs, new Set())).map(([name, { shape, data }]) => [
  name,
  new Tensor(dtypes.get(name) as "float32", data as Float32Array, shape),
]);
await session.run(Object.fromEntries(feeds));
await session.release();
