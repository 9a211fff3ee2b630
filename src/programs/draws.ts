/**
 * Selection's uniform draws, one for each row and column of a table, from two random words a row and two a column instead of one
 * number a cell: u = (a_row + c_column) · (b_row + d_column) / 2³² in integers that wrap at 32 bits, exact on every provider.
 *
 * The a are even, the c odd, the b and d multiples of 256: so the first factor is odd, and the product takes every multiple of
 * 256 alike if the second does. Hence the draws are uniform on the multiples of 2⁻²⁴, those of a row are independent of each
 * other whatever its words, those of a column likewise, and a draw that is alone of its row or column among some others is
 * independent of them: any three are, and all means and covariances of sums of selected keys are those of independent draws.
 */
import { type DenseArray, elements } from "../array.js";
import { add, cast, input, mul, type Value } from "../graph/index.js";
import { feeds } from "./names.js";
import type { StepSettings } from "./stepSettings.js";

/** Inputs that hold the words, by name of the draws; `drawWords` says what to feed. */
export const wordInputs = {
  a: (draws: string) => `${draws}/rows/a`,
  b: (draws: string) => `${draws}/rows/b`,
  c: (draws: string) => `${draws}/columns/c`,
  d: (draws: string) => `${draws}/columns/d`,
} as const;

export type Word = keyof typeof wordInputs;

/** The word of each kind that 32 random bits make. */
export const drawWords: { readonly [W in Word]: (bits: number) => number } = {
  a: (bits) => bits & ~1,
  b: (bits) => bits << 8,
  c: (bits) => bits | 1,
  d: (bits) => bits << 8,
};

/** A table of draws: its name, and the shapes of the words of its rows and of its columns, which broadcast to its own. */
export interface DrawTable {
  readonly name: string;
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

/** A table of a shape whose last axis are its columns. */
export const tableOf = (name: string, shape: readonly number[]): DrawTable => ({
  name,
  rows: [...shape.slice(0, -1), 1],
  columns: shape.slice(-1),
});

const isOfRow = (word: Word): boolean => word === "a" || word === "b";

/** The shape of a table's words of a kind. */
export const wordShape = (word: Word, { rows, columns }: DrawTable): readonly number[] =>
  isOfRow(word) ? rows : columns;

type Sizes = Pick<StepSettings, "batchSize" | "clusters" | "queue">;

/** The tables of a step: level by level, and where levels are stacked. */
export const drawTables = {
  instance: (s: Sizes) => tableOf(feeds.instanceDraws, [s.batchSize, s.clusters.length, s.queue]),
  prototype: (s: Sizes, view: number, level: number) =>
    tableOf(feeds.prototypeDraws(view, level), [s.batchSize, s.clusters[level]]),
  stackedInstance: (s: Sizes) => tableOf(feeds.stackedInstanceDraws, [s.clusters.length, s.batchSize, s.queue]),
  stackedPrototype: (s: Sizes, view: number): DrawTable => ({
    name: feeds.stackedPrototypeDraws(view),
    rows: [s.clusters.length, s.batchSize, 1],
    columns: [s.clusters.length, 1, Math.max(...s.clusters)],
  }),
} as const;

/**
 * The words of stacked tables: those of the levels' own tables at their places, so that a cell is drawn alike in both forms. At the
 * top level, whose prototypes all are kept, a cell may be anything.
 *
 * @param words - of the levels' own tables
 * @param views - how many draw prototypes
 */
export function stackedWords(
  s: Sizes,
  words: Readonly<Record<string, DenseArray<Int32Array>>>,
  views: number,
): Record<string, DenseArray<Int32Array>> {
  const stacked: Record<string, DenseArray<Int32Array>> = {};
  const [levels, batch] = [s.clusters.length, s.batchSize];
  for (const word of Object.keys(wordInputs) as Word[]) {
    const inputOf = wordInputs[word];
    const instance = drawTables.stackedInstance(s);
    const { data } = words[inputOf(feeds.instanceDraws)];
    const turned = (_: unknown, i: number) => data[(i % batch) * levels + Math.floor(i / batch)];
    stacked[inputOf(instance.name)] = {
      shape: wordShape(word, instance),
      data: isOfRow(word) ? Int32Array.from({ length: levels * batch }, turned) : data,
    };
    for (let view = 0; view < views; view++) {
      const shape = wordShape(word, drawTables.stackedPrototype(s, view));
      const all = new Int32Array(elements(shape));
      for (let l = 0; l < levels - 1; l++)
        all.set(words[inputOf(feeds.prototypeDraws(view, l))].data, (l * all.length) / levels);
      stacked[inputOf(feeds.stackedPrototypeDraws(view))] = { shape, data: all };
    }
  }
  return stacked;
}

/** Draws made of their words in the graph. */
export function drawsOfWords(table: DrawTable): Value {
  const word = (w: Word) => input(wordInputs[w](table.name), wordShape(w, table), "int32");
  const product = mul(add(word("a"), word("c")), add(word("b"), word("d")));
  return add(mul(cast(product, "float32"), 2 ** -32), 0.5);
}
