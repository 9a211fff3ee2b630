import test from "ava";
import { DataError } from "../../src/errors.js";
import { inClassesOf, type Labelled } from "../../src/eval/index.js";

const single = (classes: readonly string[] | null, ...labels: number[]) => ({
  called: "--data",
  targets: { kind: "single" as const, classes: classes?.length ?? 9, labels: Int32Array.from(labels) },
  classes,
});

const several = (classes: readonly string[], ...rows: readonly (readonly number[])[]) => ({
  called: "--data",
  targets: {
    kind: "several" as const,
    classes: classes.length,
    shown: { shape: [rows.length, classes.length], data: Int8Array.from(rows.flat()) },
  },
  classes,
});

test("a set without some of the classes takes the ids of the one it is compared with", (t) => {
  const { targets, classes } = inClassesOf(single(["ant", "bee", "cat"], 0, 1, 2), single(["ant", "cat"], 0, 1, 1));
  t.deepEqual([...targets.labels], [0, 2, 2]);
  t.is(targets.classes, 3);
  t.deepEqual(classes, ["ant", "bee", "cat"]);
  const train = several(["ant", "bee", "cat"], [1, 1, 1]);
  const both = inClassesOf(train, several(["cat", "ant"], [1, 0], [-1, 1]));
  t.deepEqual([...both.targets.shown.data], [0, 0, 1, 1, 0, -1]);
});

test("labels without names stay as they are; a class that the other lacks is named", (t) => {
  t.deepEqual([...inClassesOf(single(null, 0, 1), single(["ant"], 0)).targets.labels], [0]);
  t.throws(() => inClassesOf(single(["ant", "bee"], 0, 1), single(["bee", "dog"], 0, 1)), {
    instanceOf: DataError,
    message: /lack: dog\. The classes of --data are ant, bee/,
  });
});

test("one label an image and several are not compared", (t) => {
  const train: Labelled = single(["ant"], 0);
  t.throws(() => inClassesOf(train, several(["ant"], [1])), { instanceOf: DataError, message: /one kind/ });
});
