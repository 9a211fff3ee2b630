/**
 * The hierarchy as steps on devices take it: all levels in one stack, padded to the largest. It is made of the plain tensors by name
 * wherever those are handed to an engine (`stateMemory.ts`), so that no step puts them together.
 */
import type { DenseArray } from "../array.js";
import { concat, constant, input, less, reshape, type Value, where } from "../graph/index.js";
import { absentNormalizer, type Level, type LevelStack, topNormalizer } from "../hcsc/index.js";
import { state } from "./names.js";

type Tensors = Readonly<Record<string, DenseArray>>;

/** The stack as graph inputs. */
export function stackInputs(clusters: readonly number[], dimension: number): LevelStack {
  const [levels, width] = [clusters.length, Math.max(...clusters)];
  return {
    rows: input(state.stack("rows"), [levels * width, dimension]),
    prototypes: input(state.stack("prototypes"), [levels, width, dimension]),
    temperatures: input(state.stack("temperatures"), [levels * width]),
    temperature: input(state.stack("temperature"), [levels, 1, width]),
    counts: input(state.stack("counts"), [levels, 1, 1]),
    others: input(state.stack("others"), [levels]),
    parents: input(state.stack("parents"), [levels * width], "int32"),
    normalizers: input(state.stack("normalizers"), [levels, 1, width]),
  };
}

/**
 * The stack of all levels' tensors.
 *
 * @param plain - what a clustering gives of each level by name, and its normalizers, without which the stack has none either: they
 *   follow (`prepare.ts`)
 * @returns nothing where other parts of a level are not given: no step reads a stack then
 */
export function stackOfLevels(plain: Tensors): Record<string, DenseArray> {
  const prototypes: DenseArray[] = [];
  for (let l = 0; plain[state.prototypes(l)]; l++) prototypes.push(plain[state.prototypes(l)]);
  const levels = prototypes.length;
  const needed = prototypes.flatMap((_, l) => [
    state.temperature(l),
    state.count(l),
    ...(l < levels - 1 ? [state.parent(l)] : []),
  ]);
  if (levels === 0 || needed.some((name) => !(name in plain))) return {};
  const width = Math.max(...prototypes.map(({ shape }) => shape[0]));
  const dimension = prototypes[0].shape[1];
  const counts = prototypes.map((_, l) => Number(plain[state.count(l)].data[0]));
  const known = prototypes.map((_, l): DenseArray | undefined => plain[state.prototypeNormalizer(l)]);
  const rows = new Float32Array(levels * width * dimension);
  const temperatures = new Float32Array(levels * width).fill(1);
  const parents = new Int32Array(levels * width);
  const normalizers = new Float32Array(levels * width).fill(absentNormalizer);
  for (const [l, { data }] of prototypes.entries()) {
    const from = l * width;
    rows.set(data as Float32Array, from * dimension);
    temperatures.set(plain[state.temperature(l)].data as Float32Array, from);
    const parent = plain[state.parent(l)]?.data as Int32Array | undefined;
    for (let i = 0; parent && i < parent.length; i++) parents[from + i] = from + width + parent[i];
    if (l === levels - 1) normalizers.fill(topNormalizer, from, from + counts[l]);
    else if (known[l]) normalizers.set((known[l].data as Float32Array).subarray(0, counts[l]), from);
  }
  const areKnown = known.slice(0, -1).every((normalizer) => normalizer);
  const others = Float32Array.from(counts, (count) => Math.max(count - 1, 1));
  return {
    [state.stack("rows")]: { shape: [levels * width, dimension], data: rows },
    [state.stack("prototypes")]: { shape: [levels, width, dimension], data: rows.slice() },
    [state.stack("temperatures")]: { shape: [levels * width], data: temperatures },
    [state.stack("temperature")]: { shape: [levels, 1, width], data: temperatures.slice() },
    [state.stack("counts")]: { shape: [levels, 1, 1], data: Float32Array.from(counts) },
    [state.stack("others")]: { shape: [levels], data: others },
    [state.stack("parents")]: { shape: [levels * width], data: parents },
    ...(areKnown && { [state.stack("normalizers")]: { shape: [levels, 1, width], data: normalizers } }),
  };
}

/** The stack's normalizers in a graph. @param levels - with the normalizers of those below the top */
export function stackedNormalizers(levels: readonly Pick<Level, "prototypes" | "count" | "normalizer">[]): Value {
  const sizes = levels.map(({ prototypes }) => prototypes.shape[0] as number);
  const width = Math.max(...sizes);
  const filled = (count: number, value: number) => constant(new Float32Array(count).fill(value), [count]);
  const placed = levels.map(({ count, normalizer }, l) => {
    const known = normalizer ?? filled(sizes[l], topNormalizer);
    const isPrototype = less(constant(Float32Array.from({ length: sizes[l] }, (_, i) => i)), count);
    const own = where(isPrototype, known, absentNormalizer);
    return concat([own, filled(width - sizes[l], absentNormalizer)], 0);
  });
  return reshape(concat(placed, 0), [levels.length, 1, width]);
}
