import test from "ava";
import type { DenseArray } from "../../src/array.js";
import type { CompileTarget } from "../../src/compileTarget.js";
import type { Engine } from "../../src/engine/index.js";
import { cudaModel, standardModel } from "../../src/graph/index.js";
import { resnet, vit } from "../../src/nn/index.js";
import { decodeModel } from "../../src/onnx/index.js";
import { type OptimizerKind, type OptimizerSettings, slotNames } from "../../src/optim/index.js";
import {
  applyStep,
  compile,
  fusedStep,
  gradientStep,
  levelsOf,
  memoryOf,
  type Program,
  prepareProgram,
  results,
  type StepSettings,
  state,
} from "../../src/programs/index.js";
import { openEngine } from "../../src/runtime/index.js";
import { allFeeds, fedTo, gaussian, scalar, settings, startingState } from "./smallStep.js";

type Tensors = Record<string, DenseArray>;
const [portable, device]: CompileTarget[] = [{ kind: "portable" }, { kind: "device", precision: "fp32" }];

/** Largest difference, of the largest value of `b`. */
function error(a: DenseArray, b: DenseArray): number {
  let [difference, size] = [a.data.length === b.data.length ? 0 : Number.NaN, 1e-30];
  for (const [i, y] of Array.from(b.data, Number).entries()) {
    difference = Math.max(difference, Math.abs(Number(a.data[i]) - y));
    size = Math.max(size, Math.abs(y));
  }
  return difference / size;
}

let engine: Engine;
test.before(async () => {
  engine = await openEngine();
});
test.after.always(() => engine.close());

async function run(program: Program, given: Tensors): Promise<Tensors> {
  await engine.load(program.name, program.model, { state: program.state });
  const wanted = [results.loss, results.gradientNorm].filter((name) => program.outputs.includes(name));
  const out = await engine.run(program.name, fedTo(program, given), wanted);
  await engine.unload(program.name);
  return out;
}

/** A state as programs of a target leave it, by name. */
async function after(target: CompileTarget, start: Tensors, programs: readonly Program[], given: Tensors) {
  await engine.drop();
  const memory = memoryOf(target, start);
  for (const part of memory.pack([start])) await engine.write(part);
  const out: Tensors = {};
  for (const program of programs) Object.assign(out, await run(program, given));
  return { out, held: memory.unpack(await engine.read()) as Tensors };
}

const common = { weightDecay: 1e-3, clipNorm: null };
const of: { readonly [K in OptimizerKind]: OptimizerSettings & { readonly kind: K } } = {
  sgd: { kind: "sgd", ...common, nesterov: false, excludeVectors: false },
  adamw: { kind: "adamw", ...common, excludeVectors: false, beta2: 0.999, epsilon: 1e-8 },
  lars: { kind: "lars", ...common, trust: 0.001 },
  "lars-reference": { kind: "lars-reference", ...common, trust: 0.001 },
};

const optimizers: readonly (readonly [string, StepSettings])[] = (
  [
    ...Object.entries(of),
    ["sgd with Nesterov's momentum", { ...of.sgd, nesterov: true }],
    ["sgd without decay of vectors", { ...of.sgd, excludeVectors: true }],
    ["adamw without decay of vectors", { ...of.adamw, excludeVectors: true }],
    ["sgd with clipping", { ...of.sgd, clipNorm: 0.5 }],
  ] as const
).map(([name, optimizer]) => [name, { ...settings, optimizer }]);

for (const [name, s] of optimizers)
  test.serial(`an update of vectors is the update of each tensor: ${name}`, async (t) => {
    let plain: Tensors = startingState(s);
    let vectors = plain;
    const programs = [portable, device].map((target) => compile(applyStep(s), target));
    t.true(decodeModel(programs[1].model).nodes.length < decodeModel(programs[0].model).nodes.length);
    for (let step = 1; step <= 3; step++) {
      const gradients = Object.keys(plain).filter((n) => n.startsWith(state.gradient("")) && !n.includes("running"));
      const drawn = Object.fromEntries(gradients.map((n) => [n, gaussian(plain[n].shape)]));
      const given = { ...allFeeds(s), step: scalar(step) };
      plain = (await after(portable, { ...plain, ...drawn }, [programs[0]], given)).held;
      vectors = (await after(device, { ...vectors, ...drawn }, [programs[1]], given)).held;
      t.deepEqual(Object.keys(vectors).sort(), Object.keys(plain).sort());
      const changed = Object.keys(plain).filter((n) =>
        n.startsWith(state.optimizer(slotNames[s.optimizer.kind][0], "")),
      );
      t.true(changed.some((n) => Array.from(plain[n].data, Number).some((x) => x !== 0)));
      for (const n of Object.keys(plain)) {
        t.deepEqual(vectors[n].shape, plain[n].shape);
        const bound = s.optimizer.clipNorm === null ? 0 : 1e-6; // a norm is summed in another order
        t.true(error(vectors[n], plain[n]) <= bound, `step ${step}, ${n}: ${error(vectors[n], plain[n])}`);
      }
    }
  });

const shapes: readonly (readonly [string, StepSettings])[] = [
  ["a small stem and split BatchNorm", settings],
  ["one BatchNorm, another batch", { ...settings, keySubBatches: 1 }],
  [
    "an ImageNet stem of other widths",
    {
      ...settings,
      querySubBatches: 1,
      keySubBatches: 1,
      encoder: {
        ...settings.encoder,
        imageSize: 33,
        backbone: resnet({ block: "bottleneck", widths: [4, 8], blocks: [2, 1], stem: "imagenet" }),
      },
    },
  ],
  ["no momentum but LARS's", { ...settings, optimizer: of.lars }],
  [
    "a transformer",
    {
      ...settings,
      encoder: {
        ...settings.encoder,
        backbone: vit({ patch: 5, heads: 2, depth: 6, headWidth: 8 }, { width: 1, imageSize: 10 }),
      },
    },
  ],
];
for (const [name, s] of shapes)
  for (const phase of ["warmup", "selective"] as const)
    test.serial(
      `steps of the ${phase} phase on a device leave the state that the portable ones leave, in the form for CUDA too: ${name}`,
      async (t) => {
        let start: Tensors = startingState(s);
        start = (await after(portable, start, [prepareProgram(s, portable)], {})).held;
        const fused = [portable, device].map((target) => compile(fusedStep(s, phase, levelsOf(target)), target));
        const parts = [gradientStep(s, phase), applyStep(s)].map((graph) => compile(graph, device));
        const native = compile(fusedStep(s, phase, "stacked"), { kind: "device", precision: "fp32", kernels: "cuda" });
        const asOnCuda = { ...native, model: standardModel(cudaModel(native.model)) };
        for (let step = 0; step < 3; step++) {
          const given = allFeeds(s);
          const plain = await after(portable, start, [fused[0]], given);
          for (const programs of [[fused[1]], parts, [asOnCuda]]) {
            const found = await after(device, start, programs, given);
            for (const n of Object.keys(plain.out)) {
              const off = error(found.out[n], plain.out[n]);
              t.true(off < (n === results.loss ? 1e-5 : 1e-4), `step ${step}, ${n}: ${off}`);
            }
            for (const n of Object.keys(plain.held))
              t.true(
                error(found.held[n], plain.held[n]) < 1e-4,
                `step ${step}, ${n}: ${error(found.held[n], plain.held[n])}`,
              );
          }
          start = plain.held; // a run on one target goes on from another's state
        }
      },
    );

test("members of a vector that are not given are an error that says how many elements", (t) => {
  const start = startingState(settings);
  const memory = memoryOf(device, start);
  const { [state.query("conv1.weight")]: conv, ...rest } = start;
  const message = `flat/query: ${conv.data.length} of its`;
  t.true(t.throws(() => [...memory.pack([rest])])?.message.startsWith(message));
});
