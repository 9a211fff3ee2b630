import test from "ava";
import fc from "fast-check";
import { DataError } from "../../src/errors.js";
import { balancedSubset } from "../../src/eval/index.js";

test("a subset has its size, each image once, and classes as even as their images allow", (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(4), { minLength: 5, maxLength: 60 }), fc.nat(), fc.nat(100), (list, part, seed) => {
      const labels = Int32Array.from(list);
      const classes = new Set(list).size;
      const count = classes + (part % (list.length - classes + 1));
      const drawn = balancedSubset(labels, count, seed);
      const sizes = (of: Iterable<number>) => {
        const counts = new Map<number, number>();
        for (const l of of) counts.set(l, (counts.get(l) ?? 0) + 1);
        return counts;
      };
      const [had, got] = [sizes(labels), sizes(drawn.map((i) => labels[i]))];
      const most = Math.max(...got.values());
      // A class has fewer than the largest by more than one only if it has no more images.
      const even = [...had].every(([l, n]) => (got.get(l) ?? 0) >= Math.min(n, most - 1));
      return new Set(drawn).size === count && drawn.every((x, i) => i === 0 || drawn[i - 1] < x) && even;
    }),
  );
  t.pass();
});

test("the seed decides which; too many and too few are refused", (t) => {
  const labels = Int32Array.from({ length: 100 }, (_, i) => i % 10);
  t.deepEqual(balancedSubset(labels, 20, 1), balancedSubset(labels, 20, 1));
  t.notDeepEqual(balancedSubset(labels, 20, 1), balancedSubset(labels, 20, 2));
  t.throws(() => balancedSubset(labels, 101, 0), { instanceOf: DataError, message: /there are 100/ });
  t.throws(() => balancedSubset(labels, 9, 0), { instanceOf: DataError, message: /9 labels for 10 classes/ });
});
