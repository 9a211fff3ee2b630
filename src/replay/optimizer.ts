/** `optimizer-*`: parameters after each update from given gradients. */

import { said, UsageError } from "../errors.js";
import { type Graph, input, inputsOf, type Value } from "../graph/index.js";
import {
  applyUpdates,
  type OptimizerKind,
  type OptimizerSettings,
  optimizerKinds,
  type Rates,
  slotNames,
} from "../optim/index.js";
import { compile, feeds, next, state } from "../programs/index.js";
import { type Case, floats, scalarOf, type Tensors } from "./case.js";

/** The settings of each kind that cases have. */
const settingsOf: { readonly [K in OptimizerKind]: (c: Case) => OptimizerSettings & { readonly kind: K } } = {
  sgd: (c) => ({ kind: "sgd", ...common(c), nesterov: c.flag("nesterov", false), excludeVectors: false }),
  adamw: (c) => ({
    kind: "adamw",
    ...common(c),
    excludeVectors: false,
    beta2: c.number("beta2", 0.999),
    epsilon: c.number("epsilon", 1e-8),
  }),
  lars: (c) => ({ kind: "lars", ...common(c), trust: c.number("trust", 0.001) }),
  "lars-reference": (c) => ({ kind: "lars-reference", ...common(c), trust: c.number("trust", 0.001) }),
};

const common = (c: Case) => ({ weightDecay: c.number("weightDecay"), clipNorm: null });

/** The optimizer settings of a case. */
export function optimizerSettings(c: Case): OptimizerSettings {
  const given = c.text("optimizer").replace(/^sgd-nesterov$/, "sgd");
  if (!optimizerKinds.includes(given as OptimizerKind))
    throw new UsageError(
      "unknown-name",
      said`${{ field: "optimizer" }} ${given}: known are ${optimizerKinds.join(", ")}`,
    );
  return settingsOf[given as OptimizerKind](c);
}

/** The outputs of an `optimizer` case. */
export async function replayOptimizer(c: Case): Promise<Tensors> {
  const settings = optimizerSettings(c);
  const names = c.names("init.").map((n) => n.slice("init.".length));
  const outputs: Record<string, Value> = {};
  const parameters = names.map((name) => {
    const value = input(name, c.tensor(`init.${name}`).shape);
    return { name, value, rank: value.shape.length };
  });
  const rates: Rates = {
    learningRate: input(feeds.learningRate, []),
    momentum: input(feeds.momentum, []),
    step: input(feeds.step, []),
  };
  const gradients = parameters.map((p) => input(state.gradient(p.name), p.value.shape));
  const updated = applyUpdates(settings, rates, parameters, gradients, (p) => ({
    read: (slot) => input(state.optimizer(slot, p.name), p.value.shape),
    write: (slot, value) => {
      outputs[next(state.optimizer(slot, p.name))] = value;
    },
  }));
  for (const [i, p] of parameters.entries()) outputs[next(p.name)] = updated[i];
  const graph: Graph = { name: "optimizer", inputs: inputsOf(Object.values(outputs)), outputs };
  const program = compile(graph, { kind: "portable" });
  await c.engine.load(program.name, program.model, { state: program.state });
  const start: Tensors = Object.fromEntries(names.map((n) => [n, c.tensor(`init.${n}`)]));
  for (const slot of slotNames[settings.kind]) {
    for (const p of parameters)
      start[state.optimizer(slot, p.name)] = floats(
        new Float32Array(c.tensor(`init.${p.name}`).data.length),
        c.tensor(`init.${p.name}`).shape,
      );
  }
  await c.engine.write(start);
  const out: Tensors = {};
  const momentum = settings.kind === "adamw" ? c.number("beta1") : c.number("momentum");
  for (let t = 0; t < c.number("steps"); t++) {
    const given: Tensors = {
      [feeds.learningRate]: scalarOf(c.list("learningRates")[t]),
      [feeds.momentum]: scalarOf(momentum),
      [feeds.step]: scalarOf(t + 1),
    };
    for (const name of names) given[state.gradient(name)] = c.tensor(`step${t}.grad.${name}`);
    const fed = Object.fromEntries(Object.entries(given).filter(([n]) => program.inputs.some((v) => v.name === n)));
    await c.engine.run(program.name, fed, []);
    const now = await c.engine.read(names);
    for (const name of names) out[`out.step${t}.${name}`] = now[name];
  }
  await c.engine.unload(program.name);
  return out;
}
