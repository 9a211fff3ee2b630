import test from "ava";
import { confusionLines } from "../../src/cli/actions/classifiers.js";

test("of 99 classes the worst pairs are printed, of few the matrix, in a terminal's width", (t) => {
  const names = Array.from({ length: 99 }, (_, i) => `class-${i}`);
  const counts = names.map((_, truth) =>
    names.map((_, said) => (truth === said ? 10 : truth === 3 && said < 9 ? said : 0)),
  );
  const lines = confusionLines(counts, names);
  t.true(lines.every((line) => line.length <= 120) && lines.length <= 21);
  t.regex(lines[1], /class-3 +class-8 +8/);
  t.is(
    confusionLines(
      [
        [1, 2],
        [0, 3],
      ],
      ["a", "b"],
    ).length,
    3,
  );
  t.deepEqual(
    confusionLines(
      names.map((_, i) => names.map((_, j) => (i === j ? 1 : 0))),
      names,
    ),
    ["no class was taken for another"],
  );
});
