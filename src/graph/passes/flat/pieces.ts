/** Taking the vector of a family apart: into stacks, then tensors, by as few `Split`s as devices allow. */
import { mul, reshape, split } from "../../apply.js";
import { constant, type Value } from "../../value.js";
import { type Family, sizeOf, stacks } from "./family.js";

/** Parts of `x` along an axis. */
export const parts = (x: Value, sizes: readonly number[], axis = 0): readonly Value[] =>
  sizes.length === 1 ? [x] : split(x, sizes, axis);

/**
 * A vector as rows of a width that divides all `sizes`: `Split` and `Concat` along its rows move the same memory. CUDA's make a table
 * with an entry for each place along the axis, on the host and with every run: of 11 million it takes longer than the step.
 */
export function rowWidth(sizes: readonly number[]): number {
  const common = (a: number, b: number): number => (b === 0 ? a : common(b, a % b));
  return sizes.reduce(common, 0);
}

/** Parts of a vector, each as rows of one width. */
function cutVector(flat: Value, sizes: readonly number[]): readonly Value[] {
  const width = rowWidth(sizes);
  return sizes.length === 1
    ? [flat]
    : parts(
        reshape(flat, [-1, width]),
        sizes.map((n) => n / width),
      );
}

/** A vector by what each of its members is multiplied by. */
function multiplied(x: Value, family: Family, factors: ReadonlyMap<string, number>): Value {
  const all = family.members.flatMap(({ name, shape }) => Array<number>(sizeOf(shape)).fill(factors.get(name) ?? 1));
  return mul(x, constant(Float32Array.from(all), [all.length]));
}

/** Matrices that stack on their first dimension, and their stack. */
export interface Stack {
  readonly value: Value;
  readonly members: Family["members"];
}

interface Pieces {
  readonly plain: ReadonlyMap<string, Value>;
  readonly multiples: readonly ReadonlyMap<string, Value>[];
  readonly stacks: readonly Stack[];
}

/**
 * The members of a family from its vector.
 *
 * @param factors - vectors that are read only as multiples, and by what: several maps where there are several multiples of one
 * @returns the members, and for each map those it names, multiplied
 */
export function pieces(flat: Value, family: Family, factors: readonly ReadonlyMap<string, number>[]): Pieces {
  const matrices = family.members.filter(({ shape }) => shape.length > 1);
  const vectors = family.members.slice(matrices.length);
  const runs = stacks(matrices);
  const total = (members: Family["members"]) => members.reduce((n, { shape }) => n + sizeOf(shape), 0);
  const cut = cutVector(flat, [...runs.map(total), ...(vectors.length > 0 ? [total(vectors)] : [])]);
  const plain = new Map<string, Value>();
  const stacked: Stack[] = [];
  for (const [i, run] of runs.entries()) {
    const rows = run.map(({ shape }) => shape[0]);
    const stack = reshape(cut[i], [rows.reduce((a, b) => a + b), ...run[0].shape.slice(1)]);
    stacked.push({ value: stack, members: run });
    for (const [k, piece] of parts(stack, rows).entries()) plain.set(run[k].name, piece);
  }
  const named = (x: Value) => {
    const made = parts(
      x,
      vectors.map(({ shape }) => sizeOf(shape)),
    );
    return new Map(vectors.map(({ name, shape }, i) => [name, shape.length === 1 ? made[i] : reshape(made[i], [])]));
  };
  if (vectors.length === 0) return { plain, multiples: [], stacks: stacked };
  const block = reshape(cut[runs.length], [-1]);
  const multiples = factors.map((f) => named(multiplied(block, { ...family, members: vectors }, f)));
  const own = named(block);
  // What no map multiplies comes with the first multiples, by a factor of 1: the vectors are then taken apart once.
  for (const { name } of vectors)
    plain.set(name, (factors[0] && !factors[0].has(name) ? multiples[0] : own).get(name) as Value);
  return { plain, multiples, stacks: stacked };
}
