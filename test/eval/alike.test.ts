import test from "ava";
import { alikeGroups, plainMostSimilar } from "../../src/eval/index.js";

test("rows are joined through others, and the closest pair is told", async (t) => {
  const angles = [0, 90, 4, 180, 8, 91, 270];
  const data = Float32Array.from(angles.flatMap((a) => [Math.cos((a * Math.PI) / 180), Math.sin((a * Math.PI) / 180)]));
  const rows = { shape: [angles.length, 2] as const, data };
  const found = await alikeGroups(rows, Math.cos((5 * Math.PI) / 180), { mostSimilar: plainMostSimilar });
  t.deepEqual(
    found.map(({ members }) => members),
    [
      [0, 2, 4],
      [1, 5],
    ],
  );
  t.deepEqual([found[1].closest.a, found[1].closest.b], [1, 5]);
  t.true(Math.abs(found[1].closest.cosine - Math.cos(Math.PI / 180)) < 1e-6);
});
