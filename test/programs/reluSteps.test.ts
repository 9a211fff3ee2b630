/**
 * Why gradients of two runs that differ by rounding may differ by more: a ReLU's step at zero. With the steps of one run held in the
 * other they agree.
 */
import test from "ava";
import type { DenseArray } from "../../src/array.js";
import { input, inputsOf, type Value } from "../../src/graph/index.js";
import { rewriteGraph } from "../../src/graph/passes/index.js";
import { compile, fusedStep, results, state } from "../../src/programs/index.js";
import { openEngine } from "../../src/runtime/index.js";
import { allFeeds, fedTo, settings, startingState } from "./smallStep.js";

type Arrays = Readonly<Record<string, DenseArray>>;

const program = (name: string, outputs: Readonly<Record<string, Value>>) =>
  compile({ name, inputs: inputsOf(Object.values(outputs)), outputs }, { kind: "portable" });

const worst = (a: DenseArray, b: DenseArray): number =>
  (a.data as Float32Array).reduce((most, x, i) => Math.max(most, Math.abs(x - Number(b.data[i]))), 0);

test("weights that differ by rounding have equal gradients, but where a number crosses a ReLU's zero", async (t) => {
  const step = fusedStep(settings, "warmup", "apart", true);
  const gradients = Object.keys(step.outputs).filter((name) => name.startsWith(results.gradient("")));
  const values = gradients.map((name) => step.outputs[name]);
  /** The steps, of the backward pass: `stepOf`. */
  const steps: Value[] = [];
  const isStep = ({ op, attributes }: { readonly op: string; readonly attributes: object }) =>
    op === "HardSigmoid" && "alpha" in attributes && attributes.alpha === 1e20;
  rewriteGraph(values, (node) => {
    if (isStep(node)) steps.push(node.outputs[0]);
    return null;
  });
  let at = 0;
  const held = rewriteGraph(values, (node) => (isStep(node) ? [input(`held${at++}`, node.outputs[0].shape)] : null));
  const named = (values: readonly Value[]) => Object.fromEntries(gradients.map((name, i) => [name, values[i]]));
  const shown = Object.fromEntries(steps.map((value, i) => [`held${i}`, value]));
  const free = program("free", { ...named(values), ...shown });
  const fixed = program("fixed", named(held));
  const engine = await openEngine();
  t.teardown(() => engine.close());
  await engine.load("free", free.model);
  await engine.load("fixed", fixed.model);

  const weights = startingState(settings);
  const rounded = Object.fromEntries(
    Object.entries(weights).map(([name, array]) => {
      if (!name.startsWith(state.query(""))) return [name, array];
      const data = (array.data as Float32Array).map((x, i) => x * (1 + (i % 2 === 0 ? 1e-6 : -1e-6)));
      return [name, { shape: array.shape, data }];
    }),
  );
  const off = (a: Arrays, b: Arrays) => Math.max(...gradients.map((name) => worst(a[name], b[name])));
  const differences: { readonly crossed: number; readonly free: number; readonly fixed: number }[] = [];
  for (let batch = 0; batch < 60; batch++) {
    const fed = allFeeds(settings);
    const one = await engine.run("free", fedTo(free, { ...weights, ...fed }), free.outputs);
    const other = await engine.run("free", fedTo(free, { ...rounded, ...fed }), free.outputs);
    const kept = Object.fromEntries(Object.keys(shown).map((name) => [name, one[name]]));
    const same = await engine.run("fixed", fedTo(fixed, { ...rounded, ...fed, ...kept }), fixed.outputs);
    const crossed = Object.keys(shown).reduce(
      (n, name) => n + (one[name].data as Float32Array).filter((x, i) => x !== other[name].data[i]).length,
      0,
    );
    differences.push({ crossed, free: off(one, other), fixed: off(one, same) });
  }
  const most = (of: readonly number[]) => Math.max(0, ...of);
  const [calm, crossed] = [differences.filter((d) => d.crossed === 0), differences.filter((d) => d.crossed > 0)];
  const told = JSON.stringify({ calm: calm.length, crossed });
  const rounding = most(calm.map((d) => d.free));
  t.true(calm.length > 0 && crossed.length > 0, told);
  t.true(rounding < 1e-4, `${rounding}`);
  t.true(most(differences.map((d) => d.fixed)) < 2 * rounding, told);
  t.true(most(crossed.map((d) => d.free)) > 20 * rounding, told);
});
