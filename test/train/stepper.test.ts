import test from "ava";
import { trained } from "./trained.js";

test("an abort lets the step that runs end: the position is behind it", async (t) => {
  const { result, steps } = await trained({ stopAt: 4 });
  t.true(result.interrupted);
  t.deepEqual([result.position.step, steps.length], [5, 5]); // when step 4 was told, step 5 had begun
});

test("a run of accumulated gradients stops between updates", async (t) => {
  const { result, steps } = await trained({ stopAt: 2, changes: { accumulation: 2 } });
  t.true(result.interrupted);
  t.is(result.position.batch % 2, 0);
  t.is(result.position.step, steps.length);
  t.true(result.position.step >= 2 && result.position.step <= 3);
});
