import test from "ava";
import type { CompileTarget } from "../../src/compileTarget.js";
import { inputsOf } from "../../src/graph/index.js";
import { compile } from "../../src/programs/index.js";
import { imageInput } from "../../src/programs/pixels.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";

const statistics = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

test("every level of every channel is normalised in float32 at each step, bit for bit, on every target", async (t) => {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  const f = Math.fround;
  const expected = statistics.mean.flatMap((mean, c) =>
    Array.from({ length: 256 }, (_, v) => f(f(f(v / 255) - f(mean)) / f(statistics.std[c]))),
  );
  const pixels = { shape: [1, 3, 16, 16], data: Uint8Array.from({ length: 768 }, (_, i) => i % 256) };
  const targets: readonly CompileTarget[] = [
    { kind: "portable" },
    { kind: "device", precision: "fp32" },
    { kind: "training" },
    await chooseTarget(engine),
  ];
  for (const target of targets) {
    const normalised = imageInput("pixels", pixels.shape, statistics);
    const graph = { name: target.kind, inputs: inputsOf([normalised]), outputs: { normalised } };
    await engine.load("pixels", compile(graph, target).model);
    const out = await engine.run("pixels", { pixels }, ["normalised"]);
    t.deepEqual(Array.from(out.normalised.data as Float32Array), expected, target.kind);
    await engine.unload("pixels");
  }
});
