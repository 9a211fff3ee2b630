import test from "ava";
import { openEngine } from "../../src/runtime/index.js";
import { onlineKnn } from "../../src/train/onlineKnn.js";

test("classes in a periodic order are found, each by its own; images without a label neither vote nor count", async (t) => {
  const engine = await openEngine();
  const labels = Int32Array.from({ length: 60 }, (_, i) => (i % 6 === 5 ? -1 : i % 6));
  const data = new Float32Array(60 * 8);
  for (const [i, label] of labels.entries()) data[8 * i + (label < 0 ? 7 : label)] = 1;
  const embeddings = { shape: [60, 8] as const, data };
  t.is(await onlineKnn(engine, embeddings, labels, 0), 100);
  t.is(
    await onlineKnn(
      engine,
      embeddings,
      labels.map((l, i) => (i < 9 ? l : -1)),
      0,
    ),
    undefined,
  );
  await engine.close();
});
