/** The process that runs cases: both providers, many cases in one model. A kernel that ends it takes nothing else along. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { GraphError } from "../../src/errors.js";
import { buildModel, expandComposites, forDevices, inputsOf, type Value } from "../../src/graph/index.js";
import { providers } from "../../src/runtime/providers.js";
import { type Case, type CaseGraph, graphOf } from "./case.js";
import { difference, type Found, toleranceOf } from "./compare.js";
import { deviceForm } from "./form.js";
import type { Answer, Form, Question, Verdict } from "./messages.js";

/** One case's part of a model. */
interface Part {
  readonly graph: CaseGraph;
  readonly outputs: Readonly<Record<string, Value>>;
}

type Outcome = Readonly<Record<string, Found>> | Error;

const forms: { readonly [K in Form | "portable"]: (outputs: readonly Value[]) => readonly Value[] } = {
  portable: (outputs) => expandComposites(outputs),
  plain: (outputs) => expandComposites(outputs, forDevices),
  device: (outputs) => deviceForm(expandComposites(outputs, forDevices)),
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
  const session = await InferenceSession.create(model, {
    ...providers[provider].session,
    executionProviders: [{ name: provider, ...providers[provider].options }],
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
  });
  try {
    const feeds = fed.map(([v, f]) => [v.name, new Tensor(f.dtype as "float32", f.data as Float32Array, f.shape)]);
    const found = await session.run(Object.fromEntries(feeds));
    return parts.map(({ outputs: o }, i) =>
      Object.fromEntries(
        Object.keys(o).map((name) => {
          const tensor = found[`${i}/${name}`];
          return [name, { shape: tensor.dims, data: tensor.data as Found["data"] }];
        }),
      ),
    );
  } finally {
    await session.release();
  }
}

function compared(c: Case, expected: Outcome, actual: Outcome): Verdict {
  if (expected instanceof Error) return { kind: "unanswered", message: expected.message };
  if (actual instanceof Error) return { kind: "fails", message: actual.message };
  const tolerance = toleranceOf(c);
  const worst = Object.keys(expected)
    .map((name) => difference(name, expected[name], actual[name], tolerance))
    .filter((d) => d !== null)
    .sort((a, b) => b.error - a.error)[0];
  return worst ? { kind: "differs", difference: worst } : { kind: "agrees" };
}

const say = (answer: Answer): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(answer, undefined, undefined, (error) => (error ? reject(error) : resolve()));
  });

async function verdicts({ cases, form }: Question): Promise<readonly Verdict[]> {
  const graphs = cases.map((c, i) => graphOf(c, `${i}/`));
  const expected = await runOn(
    "cpu",
    graphs.map((g) => partOf(g, "portable")),
  );
  await say({ kind: "answered" });
  const parts = graphs.map((g) => {
    try {
      return partOf(g, form);
    } catch (error) {
      if (error instanceof GraphError) return error;
      throw error;
    }
  });
  const runnable = parts.flatMap((p, i) => (p instanceof Error || expected[i] instanceof Error ? [] : [i]));
  const outcomes = await runOn(
    "webgpu",
    runnable.map((i) => parts[i] as Part),
  );
  return cases.map((c, i) => {
    const part = parts[i];
    if (part instanceof Error) return { kind: "refused", message: part.message };
    return compared(c, expected[i], outcomes[runnable.indexOf(i)] ?? new Error("it was not run"));
  });
}

process.on("message", async (question: Question) => {
  await say({ kind: "verdicts", verdicts: await verdicts(question) });
});
