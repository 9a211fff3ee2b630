/** Where the time of a step goes, by ONNX Runtime's own profile: by part of the model and by op. */
import { compile, fusedStep, levelsOf, next, packState, stepSettings } from "../../src/programs/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { initialState } from "../../src/train/index.js";
import { flags } from "./flags.js";
import { median, type Row, timings } from "./measure.js";
import { type ProfileEvent, profiled, tensorsFor } from "./profiled.js";
import { randomFeeds, randomHierarchy, recipeOf, type StepCase, stepCases, threads } from "./steps.js";

type NodeEvent = ProfileEvent<{
  readonly op_name: string;
  readonly input_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  readonly output_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
}>;

const shapes = (list: NodeEvent["args"]["input_type_shape"] = []): readonly (readonly number[])[] =>
  list.map((entry) => Object.values(entry)[0]);

/**
 * The floating-point operations of a convolution of more than a channel at a time, as a direct one would take them: one row of
 * taps is a piece of Winograd's form, which takes half of them.
 */
function convolved(event: NodeEvent): number {
  const [, filters] = shapes(event.args.input_type_shape);
  const [out] = shapes(event.args.output_type_shape);
  if (event.args.op_name !== "Conv" || filters[1] === 1) return 0;
  const taken = 2 * filters.slice(1).reduce((p, d) => p * d, 1) * out.reduce((p, d) => p * d, 1);
  return String(filters.slice(2)) === "1,3" ? 2 * taken : taken;
}

/** Parts of a step by the names of their nodes, the first that fits. */
const parts: readonly (readonly [string, (event: NodeEvent) => boolean])[] = [
  [
    "weight gradient",
    (e) => /^gradient\//.test(e.name) && convolved(e) > 0 && shapes(e.args.input_type_shape)[1][2] > 3, // an image as filter
  ],
  ["data gradient", (e) => /^gradient\//.test(e.name) && convolved(e) > 0],
  ["forward, query", (e) => /^(query|local\d+)\//.test(e.name) && convolved(e) > 0],
  ["forward, key", (e) => /^key\//.test(e.name) && convolved(e) > 0],
  ["momentum encoder", (e) => /momentumUpdate/.test(e.name)],
  ["optimizer", (e) => /^optimizer\//.test(e.name)],
  ["loss, queue, monitors", (e) => /^(gradient\/)?(loss|queue|monitor)\//.test(e.name)],
  ["norm, activations, moves: gradient", (e) => /^gradient\//.test(e.name)],
  ["norm, activations, moves: forward", () => true],
];

async function profile(name: string, c: StepCase): Promise<Row> {
  const recipe = recipeOf(c);
  const settings = stepSettings(recipe);
  const engine = await openEngine();
  const target = await chooseTarget(engine);
  await engine.close();
  const program = compile(fusedStep(settings, "selective", levelsOf(target)), target);
  const state = packState(target, { ...initialState(recipe), ...randomHierarchy(settings) });
  const held = new Set(Object.keys(state));
  const feeds = tensorsFor(program, { ...randomFeeds(settings, program.inputs, held), ...state });
  const wanted = ["loss", ...program.outputs.filter((o) => o.startsWith(next("")))];
  const steps = Number(flags.steps);
  let walls: readonly number[] = [];
  const events = await profiled<NodeEvent["args"]>(
    program.model,
    {
      extra: { session: { force_spinning_stop: "1" } },
      enableMemPattern: false, // as the engine
      graphOptimizationLevel: program.fused ? "basic" : "all",
      intraOpNumThreads: threads,
    },
    async (session) => {
      await timings(5, () => session.run(feeds, wanted));
      walls = await timings(steps, () => session.run(feeds, wanted));
    },
  );
  return { name, ...shares(events, steps, median(walls)) };
}

/** Milliseconds a step by part, the rate of convolutions, and the ops that take most. */
function shares(events: readonly NodeEvent[], steps: number, wall: number): Row {
  const runs = events.filter((e) => e.name === "model_run").slice(-steps);
  const nodes = events.filter((e) => e.cat === "Node" && e.name.endsWith("_kernel_time") && e.ts >= runs[0].ts);
  const [byPart, byOp] = [new Map<string, number>(), new Map<string, number>()];
  let [work, convolving] = [0, 0];
  const add = (to: Map<string, number>, key: string, dur: number) =>
    to.set(key, (to.get(key) ?? 0) + dur / steps / 1000);
  for (const event of nodes) {
    const [part] = parts.find(([, isPart]) => isPart(event)) as (typeof parts)[number];
    add(byPart, part, event.dur);
    add(byOp, event.args.op_name, event.dur);
    if (convolved(event) > 0) [work, convolving] = [work + convolved(event), convolving + event.dur];
  }
  const inNodes = [...byPart.values()].reduce((a, b) => a + b, 0);
  const row: Record<string, number> = { stepMs: Math.round(1000 * wall) };
  for (const [part] of parts) row[part] = Math.round(10 * (byPart.get(part) ?? 0)) / 10;
  row["host and copies of the state"] = Math.round(10 * (1000 * wall - inNodes)) / 10;
  row["convolutions as direct ones, GFLOP/s"] = Math.round(work / convolving / 1000);
  row["whole step so, GFLOP/s"] = Math.round(work / steps / wall / 1e9);
  for (const [op, ms] of [...byOp].sort(([, a], [, b]) => b - a).slice(0, 8))
    row[`op ${op}`] = Math.round(10 * ms) / 10;
  return row;
}

export const profileRows = Object.entries(stepCases).map(([name, c]) => ({
  name: `profile: ${name}`,
  measure: (own: string) => profile(own, c),
}));
