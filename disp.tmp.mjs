import { openEngine, chooseTarget } from "./build/src/runtime/index.js";
import { readyStep, recipeOf } from "./build/tools/bench/steps.js";
const [backbone, batch, size] = process.env.C.split(" ");
const engine = await openEngine({ provider: "webgpu", crossCheck: !!process.env.CHECK });
const step = await readyStep(engine, recipeOf({ backbone, batchSize: +batch, imageSize: +size }), await chooseTarget(engine));
await step.run();
console.error("MARK"); const t = performance.now(); await step.run(); console.error("MARKEND", performance.now() - t);
process.exit(0);
