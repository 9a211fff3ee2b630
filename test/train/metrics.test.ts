import test from "ava";
import { Pace } from "../../src/train/metrics.js";

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
