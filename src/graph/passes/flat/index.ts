/**
 * The state of a training step as a few vectors. A graph that reads and writes hundreds of tensors, each by nodes of its own, is
 * rewritten to read and write families of them as one vector each: `Split`s take a vector apart for the layers, and what is
 * done to every tensor alike, an optimizer's update, a moving average, a norm, is done to the vector.
 */
import { apply, reshape, sum } from "../../apply.js";
import type { Graph } from "../../model.js";
import { count } from "../../shapes.js";
import { input, ints, isConstant, known, type Node, producer, topological, type Value } from "../../value.js";
import { type Rewrite, rewriteGraph } from "../rewrite.js";
import { simplify } from "../simplify.js";
import { type Family, sizeOf } from "./family.js";
import { isElementwise, Joiner, type Place } from "./join.js";
import { parts, pieces } from "./pieces.js";
import { turnedTogether, turnsOf } from "./turned.js";

export { type Family, memberOrder } from "./family.js";

/**
 * The same graph with `inputs` and `outputs` as vectors.
 *
 * @param graph - expanded, but for `SumOfSquares`
 * @param inputs - families of its inputs, all float32; members that are no inputs of it have room in the vector that it does not read
 * @param outputs - families of its outputs
 */
export function flatten(graph: Graph, inputs: readonly Family[], outputs: readonly Family[]): Graph {
  const names = Object.keys(graph.outputs);
  const values = simplify(Object.values(graph.outputs));
  const lists = outputs.map(({ members }) => members.map(({ name }) => values[names.indexOf(name)]));
  const flattening = new Flattening(values, lists);
  const given = new Map(graph.inputs.map((v) => [v.name, v]));
  const flats = inputs.map((family) => {
    const flat = input(family.name, [family.members.reduce((n, { shape }) => n + sizeOf(shape), 0)]);
    flattening.take(flat, family, (name) => given.get(name));
    return flat;
  });
  const outputOf = (name: string): Value => values[names.indexOf(name)];
  for (const [i, family] of outputs.entries())
    if (onlyElementwise(lists[i]))
      flattening.take(flattening.joiner.join(flattening.renewed(lists[i])), family, outputOf);
  flattening.takeVariances();
  const renewed = new Map(flattening.finished().map((v, i) => [names[i], v]));
  const joined = outputs.map((family): [string, Value] => [
    family.name,
    flattening.joiner.join(family.members.map(({ name }) => renewed.get(name) as Value)),
  ]);
  const [gone, taken] = [outputs, inputs].map((f) => new Set(f.flatMap(({ members }) => members.map((m) => m.name))));
  return {
    ...graph,
    inputs: [...graph.inputs.filter((v) => !taken.has(v.name)), ...flats],
    // vectors first: the last outputs of a graph stay its last
    outputs: Object.fromEntries([...joined, ...[...renewed].filter(([name]) => !gone.has(name))]),
  };
}

/** Whether values are made of inputs by element-wise ops alone, as the momentum encoder's are: the graph may read them again. */
const onlyElementwise = (values: readonly Value[]): boolean => {
  const made = topological(values);
  return made.length > 0 && made.every(isElementwise);
};

/** Whether element-wise ops make a vector. */
function isMade(v: Value): boolean {
  const made = producer(v);
  return !!made && isElementwise(made) && v.shape.length === 1 && count(v.shape) !== null;
}

/** The order of parameters' names, so that vectors of the same layers line up. */
const byScope = (a: Node, b: Node): number => (a.scope < b.scope ? -1 : 1);

/** A vector that is read as a multiple: `Mul` with one constant number. */
function multiple(node: Node): { readonly of: Value; readonly factor: number } | null {
  if (node.op !== "Mul" || node.domain !== "") return null;
  const [a, b] = node.inputs as readonly Value[];
  const pair = isConstant(b) ? [a, b] : [b, a];
  return isConstant(pair[1]) && count(pair[1].shape) === 1 && pair[0].shape.length === 1
    ? { of: pair[0], factor: (known(pair[1]) as number[])[0] }
    : null;
}

/** A graph whose inputs are replaced by parts of vectors, a vector at a time. */
class Flattening {
  private readonly places = new Map<Value, Place>();
  private readonly replaced = new Map<Value, Value>();
  private readonly multiples = new Map<Value, Map<number, Value>>();
  private readonly turns: ReturnType<typeof turnsOf>;
  private readonly readers = new Map<Value, number>();
  readonly joiner = new Joiner(this.places, (v) => this.readers.get(v) ?? 0);

  /**
   * @param outputs - of the graph
   * @param lists - those that become vectors, in their order
   */
  constructor(
    private readonly outputs: readonly Value[],
    private readonly lists: readonly (readonly Value[])[],
  ) {
    this.turns = turnsOf(topological(outputs));
  }

  /** Replaces the members of a family, which `of` finds by name, by parts of its vector. */
  take(flat: Value, family: Family, of: (name: string) => Value | undefined): void {
    const factors = this.factors(family, of);
    const made = pieces(flat, family, factors);
    let from = 0;
    for (const { name, shape } of family.members) {
      const [old, piece] = [of(name), made.plain.get(name) as Value];
      this.places.set(piece, { flat, from });
      if (old) this.replaced.set(old, piece);
      from += sizeOf(shape);
    }
    for (const stack of made.stacks)
      for (const [old, piece] of turnedTogether(stack, this.turns, of)) this.replaced.set(old, piece);
    for (const [k, by] of factors.entries())
      for (const [name, factor] of by) {
        const old = of(name) as Value;
        const known = this.multiples.get(old) ?? new Map<number, Value>();
        this.multiples.set(old, known.set(factor, made.multiples[k].get(name) as Value));
      }
  }

  /**
   * Replaces what normalizations are told is the variance, where element-wise ops make it, by parts of one vector: a few nodes for
   * all layers. None may wait for another: what they are made of comes before all that reads them.
   */
  takeVariances(): void {
    const nodes = topological(this.outputs);
    const readers = nodes.filter(({ op, inputs }) => op === "BatchNormalization" && isMade(inputs[4] as Value));
    const told = [...new Set([...readers].sort(byScope).map(({ inputs }) => inputs[4] as Value))];
    const before = new Set(topological(told));
    if (told.length < 2 || readers.some((node) => before.has(node))) return;
    const all = this.joiner.join(this.renewed(told));
    const sizes = told.map((v) => count(v.shape) as number);
    for (const [i, part] of parts(all, sizes).entries()) this.replaced.set(told[i], part);
  }

  /** Values with all that was taken in its place; sums of squares in an order in which what they sum is a vector. */
  renewed(values: readonly Value[]): readonly Value[] {
    const rule: Rewrite = (node, inputs) => {
      if (node.op === "SumOfSquares") {
        const order = this.orderOf(node.inputs as readonly Value[]);
        return [
          apply(
            "SumOfSquares",
            order.map((i) => inputs[i] as Value),
          ),
        ];
      }
      const found = multiple(node);
      const piece = found && this.multiples.get(found.of)?.get(found.factor);
      return piece ? [piece] : null;
    };
    return rewriteGraph(values, rule, this.replaced);
  }

  /** The outputs with all that was taken in its place, sums of squares as those of vectors. */
  finished(): readonly Value[] {
    const made = this.renewed(this.outputs);
    for (const v of topological(made).flatMap((n) => n.inputs as readonly Value[]))
      this.readers.set(v, (this.readers.get(v) ?? 0) + 1);
    return rewriteGraph(made, ({ op }, inputs) =>
      op === "SumOfSquares" ? [sumOfSquares(this.joiner.join(inputs as readonly Value[]))] : null,
    );
  }

  /** By which numbers the vectors of a family are multiplied for what is no element-wise op: the first of each, then the second, … */
  private factors(family: Family, of: (name: string) => Value | undefined): readonly ReadonlyMap<string, number>[] {
    const nameOf = new Map(family.members.map(({ name }) => [of(name), name]));
    const found = new Map<string, Set<number>>();
    const nodes = topological(this.outputs);
    const read = new Set(nodes.filter((n) => !isElementwise(n)).flatMap((n) => n.inputs));
    for (const node of nodes) {
      const m = read.has(node.outputs[0]) ? multiple(node) : null;
      const name = m && nameOf.get(m.of);
      if (m && name) found.set(name, (found.get(name) ?? new Set()).add(m.factor));
    }
    const most = Math.max(0, ...[...found.values()].map((s) => s.size));
    return Array.from(
      { length: most },
      (_, k) => new Map([...found].filter(([, s]) => s.size > k).map(([name, s]) => [name, [...s][k]])),
    );
  }

  /** The places of tensors in the vector whose members are made of one of them each, so that it is the same vector. */
  private orderOf(tensors: readonly Value[]): readonly number[] {
    const index = new Map(tensors.map((v, i) => [v, i])); // two tensors may be one value
    const all = sorted(tensors.map((v) => index.get(v) as number));
    const orders = this.lists.map((list) => list.map((v) => madeOf(v, index)));
    return orders.find((order) => sorted(order) === all) ?? tensors.map((_, i) => i);
  }
}

const sorted = (numbers: readonly number[]): string => [...numbers].sort((a, b) => a - b).join();

/** The index of the first of some values that `v` is made of by element-wise ops; −1 if it is of none. */
function madeOf(v: Value, index: ReadonlyMap<Value, number>): number {
  const known = index.get(v);
  if (known !== undefined) return known;
  const made = producer(v);
  if (!made || !isElementwise(made)) return -1;
  return made.inputs.reduce((found, x) => (found >= 0 || !x ? found : madeOf(x, index)), -1);
}

/** In two steps where it is long: a device sums rows at the same time. */
function sumOfSquares(all: Value): Value {
  const size = count(all.shape) as number;
  const rows = [4096, 2048, 1024, 512, 256, 128, 64].find((r) => size % r === 0 && size / r >= r);
  const squares = (x: Value, axis: number) => apply("ReduceSumSquare", [x, ints([axis])], { keepdims: 0 });
  return rows ? sum(squares(reshape(all, [rows, -1]), 1)) : squares(all, 0);
}
