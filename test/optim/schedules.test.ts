import test from "ava";
import fc from "fast-check";
import { UsageError } from "../../src/errors.js";
import { type ScheduleSettings, scheduleFactor } from "../../src/optim/index.js";

const settings = (s: Partial<ScheduleSettings>): ScheduleSettings => ({
  kind: "cosine",
  warmupEpochs: 0,
  milestones: [],
  gamma: 0.1,
  ...s,
});

test("cosine goes from 1 through ½ at the middle, by whole epochs", (t) => {
  t.is(scheduleFactor(settings({}), 0, 10), 1);
  t.true(Math.abs(scheduleFactor(settings({}), 5, 10) - 0.5) < 1e-12);
  t.is(scheduleFactor(settings({}), 5.9, 10), scheduleFactor(settings({}), 5, 10));
});

test("steps multiply by gamma at each milestone", (t) => {
  const s = settings({ kind: "step", milestones: [3, 6] });
  t.deepEqual(
    [2.9, 3, 6].map((e) => scheduleFactor(s, e, 10).toFixed(6)),
    ["1.000000", "0.100000", "0.010000"],
  );
});

test("warm-up rises in a straight line", (t) => {
  const s = settings({ kind: "constant", warmupEpochs: 4 });
  t.deepEqual(
    [0, 1, 2, 4, 8].map((e) => scheduleFactor(s, e, 10)),
    [0, 0.25, 0.5, 1, 1],
  );
});

test("no schedule without warm-up ever rises", (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(
        fc.constantFrom("cosine", "step", "constant"),
        fc.double({ min: 0, max: 19, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (kind, epoch, more) => {
          const s = settings({ kind, milestones: [5, 10] });
          return scheduleFactor(s, epoch + more, 20) <= scheduleFactor(s, epoch, 20) + 1e-12;
        },
      ),
    ),
  );
});

test("a time outside the run is refused", (t) => {
  t.throws(() => scheduleFactor(settings({}), -1, 10), { instanceOf: UsageError });
  t.throws(() => scheduleFactor(settings({}), 0, 0), { instanceOf: UsageError });
});
