/** Which of many labelled images keep their labels. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { describeSource, openSource } from "../../src/data/index.js";
import { DataError, UsageError } from "../../src/errors.js";
import { singleLabelsOf } from "../../src/eval/index.js";
import { type LabelledPart, labelledPart } from "../../src/protocols/labelledPart.js";
import { temporary } from "../commands/cli.js";
import { folder, pictures } from "../data/layout.js";

/** Two classes of 10. */
const source = folder(
  await pictures(["ant", "bee"].flatMap((c) => Array.from({ length: 10 }, (_, i) => `${c}/${i}.jpg`))),
).then(async (data) => openSource(await describeSource(data)));

const taken = async (part: LabelledPart, seed = 0) => {
  const images = await source;
  return [...(await labelledPart(images, singleLabelsOf(images, "given").targets, part, seed))];
};

test("a share and a number are drawn evenly over the classes, the same by the same seed", async (t) => {
  const share = await taken({ share: 0.2 });
  t.deepEqual([share.filter((i) => i < 10).length, share.filter((i) => i >= 10).length], [2, 2]);
  t.deepEqual(await taken({ count: 4 }), share);
  t.notDeepEqual(await taken({ count: 4 }, 1), share);
  t.is((await taken({ share: 1 })).length, 20);
});

test("a list names images by their names, or the last part where no two have it", async (t) => {
  const images = await source;
  const list = join(await temporary(), "list.txt");
  await writeFile(list, `${images.name(3)}\n\n${images.name(12)}\n`);
  t.deepEqual(await taken({ file: list }), [3, 12]);
  await writeFile(list, "cat/0.jpg\n");
  const unknown = await t.throwsAsync(taken({ file: list }), { instanceOf: DataError });
  t.like(unknown, { code: "wrong-entry", subject: { file: list, image: "cat/0.jpg" } });
  await writeFile(list, "\n");
  t.like(await t.throwsAsync(taken({ file: list })), { code: "empty" });
});

test("an amount that there is not is refused, and so is a list that is not there", async (t) => {
  for (const part of [
    { share: 0 },
    { share: 1.5 },
    { count: 1.5 },
    { count: 21 },
    { count: 0 },
    { count: Number.NaN },
  ]) {
    const error = await t.throwsAsync(taken(part), { instanceOf: UsageError, message: /of the 20 labelled images/ });
    t.like(error, { code: "wrong-value", settings: ["labels"] });
  }
  t.like(await t.throwsAsync(taken({ file: "none.txt" })), { code: "missing", subject: { file: "none.txt" } });
});
