import test from "ava";
import type { Matrix } from "../../src/array.js";
import { unitRows } from "../../src/cluster/index.js";
import { plainMostSimilar } from "../../src/eval/index.js";
import { normal, random } from "../../src/random.js";
import { mapNeighbours, mapOf } from "../../src/report/map.js";
import { mostSimilarOthers } from "../../src/report/similar.js";

const others = (features: Matrix) => mostSimilarOthers(features, mapNeighbours, plainMostSimilar, () => {});
const mapped = async (features: Matrix, seed = 1) => mapOf(features, await others(features), seed, () => {});

/** Unit rows around `centres` random directions, row i around centre i mod `centres`. */
function clouds(rows: number, centres: number, spread: number): Matrix {
  const next = random(7);
  const width = 8;
  const middles = Array.from({ length: centres * width }, () => normal(next));
  const data = Float32Array.from(
    { length: rows * width },
    (_, p) => middles[(Math.floor(p / width) % centres) * width + (p % width)] + spread * normal(next),
  );
  return unitRows({ shape: [rows, width], data });
}

const isInSquare = (map: readonly number[]) => map.every((x) => x >= 0 && x <= 1);

test("images that are alike lie together, and the whole fills the square", async (t) => {
  const [rows, centres] = [240, 4];
  const map = await mapped(clouds(rows, centres, 0.1));
  t.is(map.length, 2 * rows);
  t.true(isInSquare(map));
  t.true(Math.max(...map) === 1 && Math.min(...map) === 0);
  const nearest = Array.from({ length: rows }, (_, i) => {
    const far = (j: number) =>
      j === i ? Infinity : Math.hypot(map[2 * i] - map[2 * j], map[2 * i + 1] - map[2 * j + 1]);
    return Array.from({ length: rows }, (_, j) => j).reduce((best, j) => (far(j) < far(best) ? j : best), i);
  });
  t.true(nearest.filter((j, i) => j % centres === i % centres).length > 0.98 * rows);
});

test("one seed gives one map to the last bit, another seed another", async (t) => {
  const features = clouds(60, 3, 0.5);
  const [one, again, other] = [await mapped(features), await mapped(features), await mapped(features, 2)];
  t.deepEqual(one, again);
  t.notDeepEqual(one, other);
});

for (const rows of [1, 2, 5, mapNeighbours, mapNeighbours + 1, 40]) {
  test(`${rows} images have places, be they all alike or not`, async (t) => {
    const map = await mapped(clouds(rows, rows, 0.5));
    t.is(map.length, 2 * rows);
    t.true(isInSquare(map));
    if (rows > 1) t.true(new Set(map).size > rows);
    for (const value of [0.5, 0, Number.NaN]) {
      const alike = { shape: [rows, 4], data: new Float32Array(4 * rows).fill(value) };
      const places = await mapped(alike);
      t.is(places.length, 2 * rows);
      t.true(isInSquare(places), `all ${value}`);
    }
  });
}

test("the plane of few images keeps their distances", async (t) => {
  // A 3-4-5 triangle in four dimensions: its plane is the triangle itself.
  const data = Float32Array.of(0, 0, 0, 0, 0, 3, 0, 0, 4, 0, 0, 0);
  const map = await mapped({ shape: [3, 4], data });
  const side = (a: number, b: number) => Math.hypot(map[2 * a] - map[2 * b], map[2 * a + 1] - map[2 * b + 1]);
  const longest = side(1, 2);
  t.true(Math.abs(side(0, 1) / longest - 3 / 5) < 1e-3);
  t.true(Math.abs(side(0, 2) / longest - 4 / 5) < 1e-3);
});

test("the most similar others of a row leave it out, also among many that equal it", async (t) => {
  const data = new Float32Array(2 * 40);
  for (let row = 0; row < 40; row++) data[2 * row + (row < 30 ? 0 : 1)] = 1;
  const { each, ids, cosines } = await others({ shape: [40, 2], data });
  t.is(each, 15);
  for (let row = 0; row < 40; row++) {
    const own = ids.subarray(row * each, (row + 1) * each);
    t.false(own.includes(row));
    t.is(new Set(own).size, each);
    const alike = Math.min(each, row < 30 ? 29 : 9);
    const expected = Array.from({ length: each }, (_, i) => (i < alike ? 1 : 0));
    t.deepEqual([...cosines.subarray(row * each, (row + 1) * each)], expected);
  }
});
