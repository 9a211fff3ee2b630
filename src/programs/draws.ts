/**
 * Selection's uniform draws, one for each row and column of a table, from two random words a row and two a column instead of one
 * number a cell: u = (a_row + c_column) · (b_row + d_column) / 2³² in integers that wrap at 32 bits, exact on every provider.
 *
 * The a are even, the c odd, the b and d multiples of 256: so the first factor is odd, and the product takes every multiple of
 * 256 alike if the second does. Hence the draws are uniform on the multiples of 2⁻²⁴, those of a row are independent of each
 * other whatever its words, those of a column likewise, and a draw that is alone of its row or column among some others is
 * independent of them: any three are, and all means and covariances of sums of selected keys are those of independent draws.
 */
import { add, cast, concat, input, mul, type Value } from "../graph/index.js";

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

/** Shapes of the words for draws [...rows, columns]. */
export function wordShape(word: Word, draws: readonly number[]): readonly number[] {
  return word === "a" || word === "b" ? [...draws.slice(0, -1), 1] : draws.slice(-1);
}

/** A table of draws: its name and its shape. */
export interface Drawn {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Draws made of their words in the graph; several tables side by side along the last axis. */
export function drawsOfWords(...tables: readonly Drawn[]): Value {
  const products = tables.map(({ name, shape }) => {
    const word = (w: Word) => input(wordInputs[w](name), wordShape(w, shape), "int32");
    return mul(add(word("a"), word("c")), add(word("b"), word("d")));
  });
  return add(mul(cast(concat(products, tables[0].shape.length - 1), "float32"), 2 ** -32), 0.5);
}

/** Draws that are fed as they are, likewise. */
export const drawsAsFed = (...tables: readonly Drawn[]): Value =>
  concat(
    tables.map(({ name, shape }) => input(name, shape)),
    tables[0].shape.length - 1,
  );
