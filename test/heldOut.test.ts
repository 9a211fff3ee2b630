import test from "ava";
import fc from "fast-check";
import { heldOut } from "../src/heldOut.js";

const sets = fc.record({
  labels: fc.array(fc.integer({ min: -1, max: 6 }), { minLength: 1, maxLength: 200 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  seed: fc.integer({ min: 0, max: 1e6 }),
});

test("every image is on one side, a class's last image never held, each class within one image of its share", (t) => {
  fc.assert(
    fc.property(sets, ({ labels, share, seed }) => {
      const { held, rest } = heldOut(labels.length, Int32Array.from(labels), share, seed);
      t.deepEqual(
        [...held, ...rest].sort((a, b) => a - b),
        labels.map((_, i) => i),
      );
      const number = (places: Int32Array, id: number) => places.filter((i) => labels[i] === id).length;
      for (const id of new Set(labels)) {
        const size = labels.filter((l) => l === id).length;
        t.true(number(rest, id) >= 1);
        const due = Math.min(size - 1, share * size);
        t.true(Math.abs(number(held, id) - due) <= 1 || share > 0.5, `${number(held, id)} of ${size} for ${share}`);
      }
      t.true(held.length <= Math.ceil(share * labels.length));
    }),
  );
});

test("labels in a periodic order: each class gives a fifth", (t) => {
  const labels = Int32Array.from({ length: 100 }, (_, i) => i % 5);
  const { held } = heldOut(100, labels, 0.2, 0);
  for (let id = 0; id < 5; id++) t.is(held.filter((i) => labels[i] === id).length, 4);
  t.notDeepEqual(held, heldOut(100, labels, 0.2, 1).held);
  t.deepEqual(held, heldOut(100, labels, 0.2, 0).held);
});
