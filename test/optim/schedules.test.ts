import test from "ava";
import fc from "fast-check";
import { UsageError } from "../../src/errors.js";
import { type ScheduleSettings, scheduleFactor, scheduleKinds, stretched } from "../../src/optim/index.js";

const of: { readonly [K in ScheduleSettings["kind"]]: ScheduleSettings & { readonly kind: K } } = {
  constant: { kind: "constant", warmupEpochs: 0 },
  cosine: { kind: "cosine", warmupEpochs: 0 },
  step: { kind: "step", warmupEpochs: 0, milestones: [5, 10], gamma: 0.1 },
};

test("cosine goes from 1 through ½ at the middle, by whole epochs", (t) => {
  t.is(scheduleFactor(of.cosine, 0, 10), 1);
  t.true(Math.abs(scheduleFactor(of.cosine, 5, 10) - 0.5) < 1e-12);
  t.is(scheduleFactor(of.cosine, 5.9, 10), scheduleFactor(of.cosine, 5, 10));
});

test("steps multiply by gamma at each milestone", (t) => {
  const s = { ...of.step, milestones: [3, 6] };
  t.deepEqual(
    [2.9, 3, 6].map((e) => scheduleFactor(s, e, 10).toFixed(6)),
    ["1.000000", "0.100000", "0.010000"],
  );
});

test("warm-up rises in a straight line", (t) => {
  const s = { ...of.constant, warmupEpochs: 4 };
  t.deepEqual(
    [0, 1, 2, 4, 8].map((e) => scheduleFactor(s, e, 10)),
    [0, 0.25, 0.5, 1, 1],
  );
});

test("no schedule without warm-up ever rises", (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(
        fc.constantFrom(...scheduleKinds),
        fc.double({ min: 0, max: 19, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (kind, epoch, more) => {
          const s = of[kind];
          return scheduleFactor(s, epoch + more, 20) <= scheduleFactor(s, epoch, 20) + 1e-12;
        },
      ),
    ),
  );
});

test("a time outside the run is refused", (t) => {
  t.throws(() => scheduleFactor(of.cosine, -1, 10), { instanceOf: UsageError });
  t.throws(() => scheduleFactor(of.cosine, 0, 0), { instanceOf: UsageError });
});

test("milestones move along with the epochs, and nothing else does", (t) => {
  t.deepEqual(stretched(of.step, 20, 30), { ...of.step, milestones: [7.5, 15] });
  t.deepEqual(stretched(of.cosine, 20, 30), of.cosine);
});
