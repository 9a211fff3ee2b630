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
  t.deepEqual([result.position.step, steps.length], [8, 8]); // when step 4 was told, the last run of the epoch of 8 had begun
});

test("the measured length keeps copying under a twentieth of the time, where 32 steps and four seconds suffice", (t) => {
  const seconds = { min: 1e-4, max: 10, noNaN: true };
  fc.assert(
    fc.property(fc.double(seconds), fc.double(seconds), (copying, step) => {
      const length = new RunLength("measured");
      let [steps, taken] = [0, 0];
      for (let i = 0; i < 3; i++) {
        steps = length.next;
        taken = copying + steps * step;
        length.observe(steps, taken);
      }
      const share = copying / (length.next * step);
      const patient = (taken / steps) * (length.next + 1) > 3.99;
      return Number.isInteger(length.next) && length.next >= 1 && (share <= 0.0501 || length.next === 32 || patient);
    }),
  );
  t.pass();
});

test("a given length gives way to what a run may hold, and to four seconds", (t) => {
  t.is(new RunLength(4, 2).next, 2);
  const length = new RunLength(4);
  t.is(length.next, 4);
  length.observe(4, 6); // 1.5 s a step
  t.is(length.next, 2);
  length.observe(2, 20);
  t.is(length.next, 1);
  length.observe(1, 0.5);
  t.is(length.next, 4);
});
