/** What the graph makes of compact feeds on the device. */
import type { DenseArray } from "../../src/array.js";
import type { Engine } from "../../src/engine/index.js";
import { buildModel, fewNodes, inputsOf } from "../../src/graph/index.js";
import { pixelsModel } from "../../src/programs/index.js";
import { imageInput } from "../../src/programs/pixels.js";
import { openEngine } from "../../src/runtime/index.js";
import { SelectionDraws } from "../../src/train/draws.js";
import { drawsModel, drawsProgram } from "../programs/drawsProgram.js";
import { settings } from "../programs/smallStep.js";
import { deviceEngine, deviceTest } from "./device.js";

const floats = (a: DenseArray): Float32Array => a.data as Float32Array;

deviceTest("draws made of words are those of the CPU, bit for bit", async (t) => {
  const s = { ...settings, batchSize: 5, queue: 1001, clusters: [7, 3] };
  const shape = [5, 2, 1001];
  const words = new SelectionDraws(s, 4, drawsProgram(shape)).of(3);
  const drawn = async (engine: Engine) => {
    await engine.load("draws", drawsModel(shape));
    return floats((await engine.run("draws", words, ["draws"])).draws);
  };
  const host = await openEngine();
  t.teardown(() => host.close());
  const [own, cpu] = [await drawn(await deviceEngine(t)), await drawn(host)];
  t.deepEqual(own, cpu);
});

const statistics = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

deviceTest("8-bit pixels have the CPU's bits in a step's form, in which a table normalises them", async (t) => {
  const outputs = { normalized: imageInput("pixels", [2, 3, 16, 16], statistics) };
  const table = buildModel(fewNodes({ name: "table", inputs: inputsOf(Object.values(outputs)), outputs }));
  const host = await openEngine();
  t.teardown(() => host.close());
  const pixels = { shape: [2, 3, 16, 16], data: Uint8Array.from({ length: 2 * 3 * 256 }, (_, i) => i) };
  const normalized = async (engine: Engine, model: Uint8Array) => {
    await engine.load("normalized", model);
    return floats((await engine.run("normalized", { pixels }, ["normalized"])).normalized);
  };
  t.deepEqual(await normalized(await deviceEngine(t), table), await normalized(host, pixelsModel(statistics)));
});

deviceTest("8-bit pixels are normalised as on the CPU, whatever their number", async (t) => {
  const model = pixelsModel(statistics);
  const host = await openEngine();
  t.teardown(() => host.close());
  const engines = [await deviceEngine(t), host];
  for (const engine of engines) await engine.load("pixels", model);
  for (const [height, width] of [
    [16, 16],
    [7, 5],
    [1, 1],
  ]) {
    const data = Uint8Array.from({ length: 3 * height * width }, (_, i) => i);
    const pixels = { shape: [1, 3, height, width], data };
    const [own, cpu] = await Promise.all(
      engines.map(async (engine) => floats((await engine.run("pixels", { pixels }, ["normalized"])).normalized)),
    );
    const worst = cpu.reduce((w, v, i) => Math.max(w, Math.abs(v - own[i])), 0);
    t.true(worst < 1e-6, `${height}×${width}: off by ${worst}`);
  }
});
