import test from "ava";
import { imagesNamed } from "../../src/data/index.js";

const names = ["ant/1.jpg", "ant/2.jpg", "bee/1.jpg", "bee\\3.jpg"];
const set = { count: names.length, name: (i: number) => names[i] as string };

test("images go by their names, or by the last part where only one has it", (t) => {
  const found = imagesNamed(set, ["3.jpg", "2.jpg", "bee/1.jpg", "2.jpg"]);
  t.deepEqual([[...found.images], found.unknown], [[1, 2, 3], []]);
});

test("a last part that two have, or nobody, is no name", (t) => {
  const found = imagesNamed(set, ["1.jpg", "ant/1.jpg", "dog.jpg"]);
  t.deepEqual([[...found.images], found.unknown], [[0], ["1.jpg", "dog.jpg"]]);
});
