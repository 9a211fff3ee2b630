import test, { type ExecutionContext } from "ava";
import type { DenseArray } from "../../src/array.js";
import type { Engine } from "../../src/engine/index.js";
import { decodeModel, encodeModel, type NodeContent } from "../../src/onnx/index.js";
import {
  applyStep,
  compile,
  fusedStep,
  gradientStep,
  type Program,
  packState,
  prepareProgram,
  results,
  type StepSettings,
  state,
} from "../../src/programs/index.js";
import { openEngine } from "../../src/runtime/index.js";
import { allFeeds, fedTo, scalar, settings, startingState } from "./smallStep.js";

const half: StepSettings = { ...settings, precision: "fp16" };
const inHalf = { kind: "device", precision: "fp16" } as const;
const [start, feeds] = [startingState(settings), allFeeds(settings)];
const inFull = { kind: "device", precision: "fp32" } as const;

/**
 * A model in float16 for the CPU provider. It computes such convolutions in float32 between casts, and drops casts that come in
 * pairs, so that nothing would be rounded: a `Reshape` to the same shape between the two keeps them.
 */
function rounded(program: Program): Program {
  const content = decodeModel(program.model);
  const same = { name: "same shape", dtype: "int64", shape: [4], data: BigInt64Array.of(0n, 0n, 0n, 0n) } as const;
  const keep = (from: string, to: string): NodeContent => ({
    name: `keep/${to}`,
    op: "Reshape",
    domain: "",
    inputs: [from, same.name],
    outputs: [to],
    attributes: {},
  });
  const nodes = content.nodes.flatMap((n) => {
    if (n.op !== "Conv" && n.op !== "ConvTranspose") return [n];
    const inputs = n.inputs.map((name, i) => `${n.name}/rounded${i}/${name}`);
    const inner = `${n.name}/inner`;
    const convolution = { ...n, inputs, outputs: [inner] };
    return [...n.inputs.map((name, i) => keep(name, inputs[i])), convolution, keep(inner, n.outputs[0])];
  });
  return { ...program, model: encodeModel({ ...content, nodes, constants: [...content.constants, same] }) };
}

/** An engine with a state to start from. */
async function started(t: ExecutionContext, lossScale: number, goodUpdates = 0): Promise<Engine> {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  await engine.write({
    ...packState(inHalf, start),
    [state.lossScale]: scalar(lossScale),
    [state.goodUpdates]: scalar(goodUpdates),
  });
  const prepare = prepareProgram(settings, inHalf);
  await engine.load(prepare.name, prepare.model, { state: prepare.state });
  await engine.run(prepare.name, {}, []);
  return engine;
}

async function run(engine: Engine, program: Program, given: Record<string, DenseArray> = feeds) {
  await engine.load(program.name, program.model, { state: program.state });
  const wanted = [results.loss, results.gradientNorm].filter((name) => program.outputs.includes(name));
  const out = await engine.run(program.name, fedTo(program, given), wanted);
  await engine.unload(program.name);
  return Object.fromEntries(wanted.map((name) => [name, Number(out[name].data[0])]));
}

const isQuery = (name: string): boolean => name.startsWith("flat/query") || name.startsWith("flat/optimizer/");

test("convolutions and nothing else are float16; parameters, statistics and losses are float32", (t) => {
  const content = decodeModel(compile(fusedStep(half, "selective"), inHalf).model);
  const { nodes, inputs, outputs } = content;
  const produced = new Map(nodes.flatMap((n) => n.outputs.map((name) => [name, n])));
  const isCast = (name: string) => produced.get(name)?.op === "Cast";
  const convolutions = nodes.filter((n) => n.op === "Conv" || n.op === "ConvTranspose");
  const constants = new Set(content.constants.map((c) => c.name)); // filters that pick elements stay exact
  const own = convolutions.filter((n) => !constants.has(n.inputs[1]));
  t.true(own.length > 10);
  for (const n of own) t.true(n.inputs.every(isCast), n.name);
  t.true([...inputs, ...outputs].every((v) => v.dtype !== "float16"));
});

test("a step in half precision is near the one in full, whatever the loss scale", async (t) => {
  const full = await run(await started(t, 1), compile(fusedStep(settings, "selective"), inFull));
  for (const scale of [1, 1024, 2 ** 16]) {
    const engine = await started(t, scale);
    const out = await run(engine, rounded(compile(fusedStep(half, "selective"), inHalf)));
    for (const name of [results.loss, results.gradientNorm])
      t.true(Math.abs(out[name] - full[name]) < 0.02 * full[name], `${name} ${out[name]} against ${full[name]}`);
    t.deepEqual(await engine.read([state.lossScale, state.goodUpdates]), {
      [state.lossScale]: scalar(scale),
      [state.goodUpdates]: scalar(1),
    });
  }
});

test("gradients that overflow leave the parameters as they were and halve the scale", async (t) => {
  const engine = await started(t, 2 ** 40, 7);
  const before = await engine.read();
  const { gradientNorm } = await run(engine, rounded(compile(fusedStep(half, "selective"), inHalf)));
  t.false(Number.isFinite(gradientNorm));
  const after = await engine.read();
  for (const name of Object.keys(before).filter(isQuery)) t.deepEqual(after[name], before[name], name);
  t.deepEqual([after[state.lossScale], after[state.goodUpdates]], [scalar(2 ** 39), scalar(0)]);
});

test("enough good updates double the scale", async (t) => {
  const engine = await started(t, 256, 999);
  await run(engine, rounded(compile(fusedStep(half, "warmup"), inHalf)));
  t.deepEqual((await engine.read([state.lossScale]))[state.lossScale], scalar(512));
});

test("gradients that accumulate are unscaled, and reset even after an overflow", async (t) => {
  const [whole, parts] = [await started(t, 64), await started(t, 64)];
  await run(whole, rounded(compile(fusedStep(half, "warmup"), inHalf)));
  await run(parts, rounded(compile(gradientStep(half, "warmup"), inHalf)));
  await run(parts, compile(applyStep(half), inHalf));
  const [a, b] = [await whole.read(), await parts.read()];
  for (const name of Object.keys(a).filter(isQuery)) t.deepEqual(b[name], a[name], name);

  const over = await started(t, 2 ** 40);
  await run(over, rounded(compile(gradientStep(half, "warmup"), inHalf)));
  await run(over, compile(applyStep(half), inHalf));
  const held = await over.read();
  for (const name of Object.keys(held).filter((n) => n === "flat/gradient"))
    t.true((held[name].data as Float32Array).every((x) => x === 0));
  t.deepEqual(held[state.lossScale], scalar(2 ** 39));
});
