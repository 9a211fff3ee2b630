/** Taking the vector of a family apart: into stacks, then tensors, by as few `Split`s as devices allow. */
import { mul, reshape, split } from "../apply.js";
import { constant, type Value } from "../value.js";
import { type Family, sizeOf, stacks } from "./family.js";

/** Outputs of a `Split`: WebGPU binds each as a buffer, and promises eight for a kernel, one of which is read. */
const most = 7;

/** Parts of `x` along an axis, by a tree of `Split`s. */
export function parts(x: Value, sizes: readonly number[], axis = 0): readonly Value[] {
  if (sizes.length === 1) return [x];
  if (sizes.length <= most) return split(x, sizes, axis);
  const depth = Math.ceil(Math.log(sizes.length) / Math.log(most) - 1e-9);
  let [left, at] = [sizes.length - most, 0];
  const runs = Array.from({ length: most }, () => {
    const more = Math.min(left, most ** (depth - 1) - 1);
    left -= more;
    at += 1 + more;
    return sizes.slice(at - 1 - more, at);
  });
  const lengths = runs.map((run) => run.reduce((a, b) => a + b, 0));
  return split(x, lengths, axis).flatMap((part, i) => parts(part, runs[i], axis));
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
  const cut = parts(flat, [...runs.map(total), ...(vectors.length > 0 ? [total(vectors)] : [])]);
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
  const block = cut[runs.length];
  const multiples = factors.map((f) => named(multiplied(block, { ...family, members: vectors }, f)));
  const own = named(block);
  // What no map multiplies comes with the first multiples, by a factor of 1: the vectors are then taken apart once.
  for (const { name } of vectors)
    plain.set(name, (factors[0] && !factors[0].has(name) ? multiples[0] : own).get(name) as Value);
  return { plain, multiples, stacks: stacked };
}
