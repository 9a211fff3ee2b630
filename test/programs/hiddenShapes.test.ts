import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { DenseArray } from "../../src/array.js";
import type { CompileTarget } from "../../src/compileTarget.js";
import { resnet } from "../../src/nn/index.js";
import { decodeModel, encodeModel } from "../../src/onnx/index.js";
import {
  compile,
  fusedStep,
  type Program,
  packState,
  prepareProgram,
  results,
  state,
} from "../../src/programs/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { allFeeds, fedTo, net, settings, startingState } from "./smallStep.js";

const s = {
  ...settings,
  encoder: { ...settings.encoder, backbone: resnet({ ...net, widths: [16, 32], blocks: [2, 2] }) },
  querySubBatches: 1,
  keySubBatches: 1,
};

const [start, fed] = [startingState(s), allFeeds(s)];

async function machine(): Promise<CompileTarget> {
  const engine = await openEngine();
  const target = await chooseTarget(engine);
  await engine.close();
  return target;
}

/** The same program with shapes for all to see: what is decoded has no defaults. */
const plain = (program: Program): Program => ({ ...program, model: encodeModel(decodeModel(program.model)) });

async function afterSteps(target: CompileTarget, step: Program, steps: number) {
  const engine = await openEngine();
  await engine.write(packState(target, start));
  const prepare = prepareProgram(s, target);
  await engine.load(prepare.name, prepare.model, prepare);
  await engine.run(prepare.name, {}, []);
  await engine.load(step.name, step.model, step);
  const losses = [];
  for (let i = 0; i < steps; i++)
    losses.push((await engine.run(step.name, fedTo(step, fed), [results.loss]))[results.loss].data[0]);
  const after = await engine.read();
  await engine.close();
  return { losses, after };
}

/** What a clustering is followed by; any numbers do. */
const normalizers = (): Record<string, DenseArray> => ({
  [state.queueNormalizer]: { shape: [s.queue, s.clusters.length], data: new Float32Array(s.queue * s.clusters.length) },
  [state.prototypeNormalizer(0)]: { shape: [s.clusters[0]], data: new Float32Array(s.clusters[0]) },
});

/** The most memory that tensors of a run took, in bytes, by ONNX Runtime's own profile. */
async function peakOf(target: CompileTarget, program: Program): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "hcsc-peak-"));
  const session = await InferenceSession.create(program.model, {
    enableMemPattern: false, // as the engine
    graphOptimizationLevel: "basic",
    logSeverityLevel: 3, // it warns of every default
    enableProfiling: true,
    profileFilePrefix: join(folder, "run"),
  });
  const given: Readonly<Record<string, DenseArray>> = {
    ...normalizers(),
    ...fed,
    ...packState(target, start),
  };
  const feeds = Object.fromEntries(
    program.inputs.map(({ name, dtype }) => {
      const { data, shape } = given[name];
      return [name, new Tensor(dtype as "float32", data as Float32Array, shape)];
    }),
  );
  await session.run(feeds, [results.loss, results.gradientNorm]);
  session.endProfiling();
  await session.release();
  const [file] = readdirSync(folder);
  const events = JSON.parse(readFileSync(join(folder, file), "utf8")) as { args?: { mem_in_use_peak?: string } }[];
  rmSync(folder, { recursive: true });
  return Math.max(...events.map((e) => Number(e.args?.mem_in_use_peak ?? 0)));
}

test("hidden shapes change no bit of a step, and its tensors take less memory", async (t) => {
  const target = await machine();
  if (target.kind !== "blocked") {
    t.pass("no blocked kernels here: shapes stay");
    return;
  }
  const hidden = compile(fusedStep(s, "selective"), target, true);
  t.deepEqual(await afterSteps(target, hidden, 2), await afterSteps(target, plain(hidden), 2));
  const [less, more] = [await peakOf(target, hidden), await peakOf(target, plain(hidden))];
  t.log(`${less} bytes, ${more} with shapes that are planned by`);
  t.true(less > 0);
  t.true(less < 0.9 * more, `${less} of ${more} bytes`);
});
