import test from "ava";
import type { CompileTarget } from "../../src/compileTarget.js";
import { resnet } from "../../src/nn/index.js";
import { decodeModel } from "../../src/onnx/index.js";
import { compile, fusedStep, packState, prepareProgram, results } from "../../src/programs/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { allFeeds, fedTo, net, settings, startingState } from "./smallStep.js";

const kept = {
  ...settings,
  encoder: { ...settings.encoder, backbone: resnet({ ...net, widths: [16, 32], blocks: [2, 2] }) },
  querySubBatches: 1,
  keySubBatches: 1,
};
const remade = { ...kept, recompute: true };

const own = async (): Promise<CompileTarget> => {
  const engine = await openEngine();
  const target = await chooseTarget(engine);
  await engine.close();
  return target;
};

for (const [form, target] of [
  ["standard ops", async () => ({ kind: "portable" }) as const],
  ["the machine's kernels", own],
  ["the form for devices", async () => ({ kind: "device", precision: "fp32" }) as const],
] as const) {
  test(`activations made again change no bit of a step, in ${form}`, async (t) => {
    const [start, given, on] = [startingState(kept), allFeeds(kept), await target()];
    const after = [];
    for (const s of [kept, remade]) {
      const engine = await openEngine();
      t.teardown(() => engine.close());
      await engine.write(packState(on, start));
      for (const program of [prepareProgram(s, on), compile(fusedStep(s, "selective"), on)]) {
        await engine.load(program.name, program.model, { state: program.state });
        const wanted = [results.loss, results.gradientNorm].filter((name) => program.outputs.includes(name));
        const out = await engine.run(program.name, fedTo(program, given), wanted);
        if (wanted.length > 0) after.push({ ...out, ...(await engine.read()) });
      }
    }
    t.true(Number(after[0][results.gradientNorm].data[0]) > 0);
    t.deepEqual(after[0], after[1]);
  });
}

test("the backward pass then reads no activation of the forward pass but what starts a stage, and the last", (t) => {
  const read = [kept, remade].map((s) => {
    const { nodes } = decodeModel(compile(fusedStep(s, "warmup"), { kind: "portable" }).model);
    const backward = new Set(nodes.filter((n) => n.name.startsWith("gradient/query")).flatMap((n) => n.inputs));
    return nodes
      .filter((n) => n.op === "Relu" && /^query\/.*Relu/.test(n.name) && backward.has(n.outputs[0]))
      .map((n) => n.name);
  });
  t.is(read[0].length, 10);
  t.deepEqual(read[1], ["query/layer1/1/Relu_1", "query/layer2/1/Relu_1", "query/fc/Relu"]); // the head has no normalisation
});
