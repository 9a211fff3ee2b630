import test, { type ExecutionContext } from "ava";
import type { CompileTarget } from "../../src/compileTarget.js";
import { memoryOf, packState, prepareProgram, type StepSettings, state } from "../../src/programs/index.js";
import { openEngine } from "../../src/runtime/index.js";
import { scalar, settings, startingState } from "./smallStep.js";

const s: StepSettings = { ...settings, clusters: [6, 9, 3] };
const start = { ...startingState(s), [state.count(0)]: scalar(4), [state.count(1)]: scalar(8) };

/** What an engine holds after a clustering was handed to it and prepared. */
async function prepared(t: ExecutionContext, target: CompileTarget) {
  const engine = await openEngine({ provider: "cpu" });
  t.teardown(() => engine.close());
  await engine.write(packState(target, start));
  const { name, model, state: replaced } = prepareProgram(s, target);
  await engine.load(name, model, { state: replaced });
  await engine.run(name, {}, []);
  return engine.read();
}

const device = { kind: "device", precision: "fp32" } as const;

test("the stack that is prepared on a device is that of the plain tensors that were prepared elsewhere", async (t) => {
  const [stacked, plain] = [await prepared(t, device), await prepared(t, { kind: "portable" })];
  const names = Object.keys(stacked).filter((name) => name.startsWith(state.stack("")));
  t.true(names.length > 0);
  const packed = packState(device, plain);
  t.deepEqual(
    Object.fromEntries(names.map((name) => [name, stacked[name]])),
    Object.fromEntries(names.map((name) => [name, packed[name]])),
  );
  t.deepEqual(Object.keys(memoryOf(device, start).unpack(stacked)).sort(), Object.keys(plain).sort());
});

test("places of a stack beyond a level's prototypes are told apart, and parents are rows", async (t) => {
  const stacked = await prepared(t, device);
  const of = (part: string) => Array.from(stacked[state.stack(part)].data, Number);
  t.deepEqual(of("counts"), [4, 8, 3]);
  t.deepEqual(of("others"), [3, 7, 2]);
  const normalizers = of("normalizers");
  const places = Array.from({ length: 9 }, (_, i) => i);
  for (const [l, count] of [4, 8].entries())
    for (const i of places) t.is(normalizers[9 * l + i] > -100, i < count, `${l}, ${i}`);
  t.deepEqual(
    normalizers.slice(18).map((x) => Math.sign(x)),
    places.map((i) => (i < 3 ? 1 : -1)),
  );
  t.deepEqual(
    of("parents").slice(0, 6),
    Array.from(start[state.parent(0)].data as Int32Array, (p) => 9 + p),
  );
});

test("a hierarchy that lacks a part has no stack, and one without its normalizers leaves those that were prepared", (t) => {
  const { [state.temperature(1)]: _, ...lacking } = start;
  t.false(Object.keys(packState(device, lacking)).some((name) => name.startsWith(state.stack(""))));
  const whole = Object.keys(packState(device, start));
  t.true(whole.includes(state.stack("rows")));
  t.false(whole.includes(state.stack("normalizers")));
});
