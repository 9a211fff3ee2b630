import test from "ava";
import { Pace } from "../../src/train/metrics.js";
import { metricOf } from "../../src/train/runFolder.js";

test("a line of an older run, which calls the norm of the mean embedding concentration, is read under today's name", (t) => {
  const today = { kind: "step", step: 3, loss: 1.5, meanEmbeddingNorm: 0.25 };
  t.deepEqual(metricOf('{"kind":"step","step":3,"loss":1.5,"concentration":0.25}'), today as never);
  t.deepEqual(metricOf(JSON.stringify(today)), today as never);
});

test("the time left forgets the first step at once, and later ones slowly", (t) => {
  const pace = new Pace();
  t.is(pace.remaining(10), 0);
  pace.observe(60);
  t.is(pace.remaining(10), 600);
  pace.observe(1);
  t.is(pace.remaining(10), 10);
  pace.observe(3);
  t.true(Math.abs(pace.remaining(10) - 11) < 1e-9);
});
