import test from "ava";
import { type ClassFeatures, inClassesOf } from "../../src/cli/vectors.js";
import { DataError } from "../../src/errors.js";

const set = (classes: readonly string[] | null, ...labels: number[]): ClassFeatures => ({
  features: { shape: [labels.length, 1], data: new Float32Array(labels.length) },
  labels: Int32Array.from(labels),
  classes,
});

test("a set without some of the classes takes the ids of the one it is compared with", (t) => {
  const { labels, classes } = inClassesOf(set(["ant", "bee", "cat"], 0, 1, 2), set(["ant", "cat"], 0, 1, 1));
  t.deepEqual([...labels], [0, 2, 2]);
  t.deepEqual(classes, ["ant", "bee", "cat"]);
});

test("labels without names stay as they are; a class that the other lacks is named", (t) => {
  t.deepEqual([...inClassesOf(set(null, 0, 1), set(["ant"], 0)).labels], [0]);
  t.throws(() => inClassesOf(set(["ant", "bee"], 0, 1), set(["bee", "dog"], 0, 1)), {
    instanceOf: DataError,
    message: /lack: dog\. The classes of --data are ant, bee/,
  });
});
