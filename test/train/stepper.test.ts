import test from "ava";
import fc from "fast-check";
import { RunLength } from "../../src/train/runLength.js";
import { trained } from "./trained.js";

test("several steps a run, a fixed number or measured, end in the bits of single ones", async (t) => {
  const single = await trained({ stepsPerRun: 1 });
  t.is(single.steps.length, 16);
  for (const stepsPerRun of [3, "measured"] as const) {
    const several = await trained({ stepsPerRun });
    t.deepEqual(several.steps, single.steps);
    t.deepEqual(several.tensors, single.tensors);
  }
});

test("an abort drops what is gathered: the position is that of the last run", async (t) => {
  const { result, steps } = await trained({ stepsPerRun: 3, stopAt: 4 });
  t.true(result.interrupted);
  t.deepEqual([result.position.step, steps.length], [6, 6]);
});

test("the measured length keeps copying under a twentieth of the time, where 32 steps suffice", (t) => {
  const seconds = { min: 1e-4, max: 10, noNaN: true };
  fc.assert(
    fc.property(fc.double(seconds), fc.double(seconds), (copying, step) => {
      const length = new RunLength("measured");
      for (let i = 0; i < 3; i++) length.observe(length.next, copying + length.next * step);
      const share = copying / (length.next * step);
      return Number.isInteger(length.next) && length.next >= 1 && (share <= 0.0501 || length.next === 32);
    }),
  );
  t.pass();
});
