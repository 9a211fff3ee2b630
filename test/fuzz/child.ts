/** The process that runs cases: both providers, many cases in one model. A kernel that ends it takes nothing else along. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { DenseArray } from "../../src/array.js";
import { GraphError } from "../../src/errors.js";
import {
  add,
  buildModel,
  type DType,
  deviceForm,
  expandComposites,
  fewNodes,
  flatten,
  forDevices,
  input,
  inputsOf,
  roundedModel,
  type Value,
  webGpuModel,
} from "../../src/graph/index.js";
import { withoutTelemetry } from "../../src/ort/index.js";
import { precisions } from "../../src/precision.js";
import { compile, levelsOf, next, type StateMemory, stateMemory, stateTensors } from "../../src/programs/index.js";
import { type Case, type CaseGraph, graphOf } from "./case.js";
import { difference, type Found, stepTolerance, toleranceOf } from "./compare.js";
import type { Answer, Form, Question, Verdict } from "./messages.js";
import { arraysOf, graphOfStep, type StepCase, settingsOf } from "./steps.js";

/** One case's part of a model. */
interface Part {
  readonly graph: CaseGraph;
  readonly outputs: Readonly<Record<string, Value>>;
}

type Tensors = Readonly<Record<string, Found>>;
type Outcome = Tensors | Error;

/** As a step has it: with few nodes, its composites expanded for devices. */
function onDevices(outputs: readonly Value[]): readonly Value[] {
  const named = Object.fromEntries(expandComposites(outputs, forDevices).map((v, i) => [`${i}`, v]));
  return Object.values(
    fewNodes(flatten({ name: "", inputs: inputsOf(Object.values(named)), outputs: named }, [], [])).outputs,
  );
}

const forms: { readonly [K in Form | "portable"]: (outputs: readonly Value[]) => readonly Value[] } = {
  portable: (outputs) => expandComposites(outputs),
  plain: onDevices,
  device: (outputs) => deviceForm(onDevices(outputs)),
};

function partOf(graph: CaseGraph, form: keyof typeof forms): Part {
  const names = Object.keys(graph.outputs);
  const made = forms[form](Object.values(graph.outputs));
  return { graph, outputs: Object.fromEntries(names.map((n, i) => [n, made[i]])) };
}

async function runOn(provider: "cpu" | "webgpu", parts: readonly Part[]): Promise<readonly Outcome[]> {
  try {
    return await runTogether(provider, parts);
  } catch (error) {
    if (parts.length === 1) return [error as Error];
    const half = parts.length >> 1;
    return [...(await runOn(provider, parts.slice(0, half))), ...(await runOn(provider, parts.slice(half)))];
  }
}

async function runTogether(provider: "cpu" | "webgpu", parts: readonly Part[]): Promise<readonly Outcome[]> {
  if (parts.length === 0) return [];
  const outputs = Object.fromEntries(
    parts.flatMap(({ outputs: o }, i) => Object.entries(o).map(([name, v]) => [`${i}/${name}`, v])),
  );
  const read = new Set(inputsOf(Object.values(outputs)));
  const fed = parts
    .flatMap(({ graph }) => graph.inputs.map((v, i) => [v, graph.feeds[i]] as const))
    .filter(([v]) => read.has(v));
  const model = buildModel({ name: "cases", inputs: fed.map(([v]) => v), outputs });
  const feeds = Object.fromEntries(fed.map(([v, feed]) => [v.name, feed]));
  const found = await runModel(provider, model, feeds);
  return parts.map(({ outputs: o }, i) =>
    Object.fromEntries(Object.keys(o).map((name) => [name, found[`${i}/${name}`]])),
  );
}

withoutTelemetry();
const options = { cpu: {}, webgpu: { enableRobustness: true } } as const; // as of `src/engine/providers.ts`

const sessionOn = (provider: keyof typeof options, model: Uint8Array): Promise<InferenceSession> =>
  InferenceSession.create(model, {
    executionProviders: [{ name: provider, ...options[provider] }],
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
  });

const x = input("x", [1]);
const double = buildModel({ name: "double", inputs: [x], outputs: { y: add(x, x) } });
/** Runs a model once; inputs that it does not have are left out. */
async function runModel(
  provider: "cpu" | "webgpu",
  model: Uint8Array,
  given: Readonly<Record<string, Found & { readonly dtype?: DType }>>,
): Promise<Tensors> {
  const session = await sessionOn(provider, model);
  try {
    const feeds = session.inputMetadata.map((v) => {
      const { data, shape } = given[v.name];
      return [
        v.name,
        new Tensor((v as InferenceSession.TensorValueMetadata).type, data as Float32Array, shape),
      ] as const;
    });
    const found = await session.run(Object.fromEntries(feeds));
    return Object.fromEntries(
      Object.entries(found).map(([name, t]) => [name, { shape: t.dims, data: t.data as Found["data"] }]),
    );
  } finally {
    await session.release();
  }
}

function compared(c: Case, { outputs }: CaseGraph, expected: Outcome, actual: Outcome): Verdict {
  if (expected instanceof Error) return { kind: "unanswered", message: expected.message };
  if (actual instanceof Error) return { kind: "fails", message: actual.message };
  for (const [name, { shape }] of Object.entries(outputs)) {
    const [cpu, device] = [expected[name], actual[name]].map((found) => String(found.shape));
    if (cpu !== String(shape) && device === String(shape))
      return { kind: "unanswered", message: `the CPU gives ${name} the shape [${cpu}], which is [${shape}]` };
  }
  return worstOf(expected, actual, () => toleranceOf(c));
}

function worstOf(expected: Tensors, actual: Tensors, toleranceOf: (output: string) => number): Verdict {
  const [worst] = Object.keys(expected)
    .map((name) => difference(name, expected[name], actual[name], toleranceOf(name)))
    .filter((d) => d !== null)
    .sort((a, b) => b.error - a.error);
  return worst ? { kind: "differs", difference: worst } : { kind: "agrees" };
}

const say = (answer: Answer): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(answer, undefined, undefined, (error) => (error ? reject(error) : resolve()));
  });

async function verdicts({ cases, form }: { readonly cases: readonly Case[]; readonly form: Form }) {
  const graphs = cases.map((c, i) => attempted(() => graphOf(c, `${i}/`)));
  const portable = graphs.map((g) => (g instanceof Error ? g : attempted(() => partOf(g, "portable"))));
  const expected = await runWhole("cpu", portable);
  await say({ kind: "answered" });
  const parts = graphs.map((g, i) => {
    const unusable = expected[i] instanceof Error ? expected[i] : g;
    return unusable instanceof Error ? unusable : attempted(() => partOf(g as CaseGraph, form));
  });
  const actual = await runWhole("webgpu", parts);
  return cases.map((c, i): Verdict => {
    const [graph, plain, part] = [graphs[i], portable[i], parts[i]];
    if (graph instanceof Error) return { kind: "unbuilt", message: graph.message };
    if (plain instanceof Error) return { kind: "unbuilt", message: plain.message };
    if (expected[i] instanceof Error) return { kind: "unanswered", message: expected[i].message };
    if (part instanceof GraphError) return { kind: "refused", message: part.message };
    if (part instanceof Error) return { kind: "unbuilt", message: part.message };
    return compared(c, graph, expected[i], actual[i]);
  });
}

function attempted<T>(make: () => T): T | Error {
  try {
    return make();
  } catch (error) {
    return error as Error;
  }
}

/** The outcomes of those parts that there are; the others' errors in their places. */
async function runWhole(provider: "cpu" | "webgpu", parts: readonly (Part | Error)[]): Promise<readonly Outcome[]> {
  const outcomes = [
    ...(await runOn(
      provider,
      parts.filter((p): p is Part => !(p instanceof Error)),
    )),
  ];
  return parts.map((p) => (p instanceof Error ? p : (outcomes.shift() as Outcome)));
}

/**
 * One step from one state on both providers: every output. Where they differ the CPU takes it once more, with products of 20 bits: as far
 * as its own results move by that, as of few values normalised, nothing is told from rounding.
 */
async function stepVerdict(c: StepCase, form: Form): Promise<Verdict> {
  const portable = compile(graphOfStep(c, "apart"), { kind: "portable" });
  const target = { kind: "device", precision: "fp32" } as const;
  const plain = compile(graphOfStep(c, levelsOf(target)), target).model;
  const given = arraysOf(c, portable);
  const expected = await runModel("cpu", portable.model, given);
  await say({ kind: "answered" });
  const memory = stateMemory(target, stateTensors(settingsOf(c)));
  const packed: Tensors = Object.assign({}, ...memory.pack([given as Readonly<Record<string, DenseArray>>]));
  const actual = plainly(memory, await runModel("webgpu", form === "device" ? webGpuModel(plain) : plain, packed));
  const verdict = worstOf(expected, actual, () => stepTolerance);
  const rounded = verdict.kind === "differs" ? roundedModel(portable.model, precisions.fp32.bits) : null;
  if (!rounded) return verdict;
  const moved = await runModel("cpu", rounded, given);
  const byRounding = (name: string) => difference(name, expected[name], moved[name], 0)?.error ?? 0;
  return worstOf(expected, actual, (name) => Math.max(stepTolerance, byRounding(name)));
}

/** A step's outputs with its next state tensor by tensor. */
function plainly(memory: StateMemory, outputs: Tensors): Tensors {
  const isNext = (name: string) => name.startsWith(next(""));
  const held = Object.entries(outputs).filter(([name]) => isNext(name));
  const state = memory.unpack(
    Object.fromEntries(held.map(([name, t]) => [name.slice(next("").length), t as DenseArray])),
  );
  return {
    ...Object.fromEntries(Object.entries(outputs).filter(([name]) => !isNext(name))),
    ...(Object.fromEntries(Object.entries(state).map(([name, t]) => [next(name), t])) as Tensors),
  };
}

/** With its last session a device goes, and every compiled kernel: one session stays, as a training's does. */
const lasting = sessionOn("webgpu", double);

process.on("message", async ({ jobs, form }: Question) => {
  await lasting.catch(() => null); // where there is no device, each case says so
  const cases = jobs.filter((j) => "op" in j);
  const found: Verdict[] = [...(await verdicts({ cases, form }))];
  const answers: Verdict[] = [];
  for (const job of jobs)
    answers.push(
      "op" in job
        ? (found.shift() as Verdict)
        : await stepVerdict(job, form).catch((error: Error) => ({ kind: "fails", message: error.message })),
    );
  await say({ kind: "verdicts", verdicts: answers });
});
