/**
 * Many tensors as one vector. Where all of them come from the same element-wise op, so does the vector: of the vectors of what
 * they read. So an update that is written tensor by tensor becomes a few nodes, whatever the number of tensors.
 */
import { concat, mul, reshape, slice, transpose } from "../../apply.js";
import { sameShape } from "../../reshaping.js";
import { count } from "../../shapes.js";
import { constant, isConstant, known, type Node, node, producer, type Value } from "../../value.js";
import { rowWidth } from "./pieces.js";
import { type Readers, runsOf, sumsBeside } from "./reduced.js";

/** Where a tensor lies in a vector that exists. */
export interface Place {
  readonly flat: Value;
  readonly from: number;
}

const elementwise: ReadonlySet<string> = new Set(
  "Add Sub Mul Div Max Min Pow Where Sqrt Neg Abs Exp Log Reciprocal Greater Less GreaterOrEqual LessOrEqual Equal And Not Cast Clip".split(
    " ",
  ),
);

export const isElementwise = ({ op, domain }: Node): boolean => domain === "" && elementwise.has(op);

/** A vector of constants is stored with the model: no longer than this. */
const longest = 1 << 20;
/** Tensors that differ in how they are made are joined in so many runs at most; else each stays by itself. */
const manyRuns = 4;

/** CUDA's table of a vector's places (`pieces.ts`) takes no time if they are so few. */
const shortVector = 1 << 16;

const sizeOf = (v: Value): number => count(v.shape) as number;
const total = (values: readonly Value[]): number => values.reduce((n, v) => n + sizeOf(v), 0);
const isOne = (v: Value): boolean => count(v.shape) === 1;

/** Through reshapes, which move nothing. */
function source(v: Value): Value {
  const made = producer(v);
  return made?.op === "Reshape" && made.domain === "" ? source(made.inputs[0] as Value) : v;
}

/** How an operand enters: from the tensors' own places, as a number of each tensor, or the same for all. */
type Role = "own" | "number" | "shared";

export class Joiner {
  private readonly made = new Map<string, Value>();
  private readonly numbers = new Map<string, Value>();

  /**
   * @param places - of tensors that are parts of a vector
   * @param readers - of tensors, in the graph as it is by now
   */
  constructor(
    private readonly places: ReadonlyMap<Value, Place>,
    private readonly readers: Readers,
  ) {}

  /** The elements of all tensors, one after another. */
  join(values: readonly Value[]): Value {
    const key = values.map((v) => v.id).join();
    const known = this.made.get(key);
    if (known) return known;
    const joined = this.placed(values) ?? this.constants(values) ?? this.operated(values) ?? this.byRuns(values);
    this.made.set(key, joined);
    return joined;
  }

  /** Neighbours of a vector are a part of it, or all. */
  private placed(values: readonly Value[]): Value | null {
    const found = values.map((v) => this.places.get(v) ?? this.places.get(source(v)));
    const [first] = found;
    if (!first) return null;
    let at = first.from;
    for (const [i, place] of found.entries()) {
      if (place?.flat !== first.flat || place.from !== at) return null;
      at += sizeOf(values[i]);
    }
    const whole = first.from === 0 && at === sizeOf(first.flat);
    return whole ? first.flat : slice(first.flat, 0, first.from, at);
  }

  private constants(values: readonly Value[]): Value | null {
    if (!values.every(isConstant) || total(values) > longest || values[0].dtype !== "float32") return null;
    return constant(Float32Array.from(values.flatMap((v) => known(v) as number[])), [total(values)]);
  }

  private operated(values: readonly Value[]): Value | null {
    if (values.length < 2) return null;
    const nodes = values.map((v) => producer(source(v)));
    const [first] = nodes;
    const roles = first && this.roles(values, nodes);
    if (!roles) return null;
    const inputs = roles.map((role, k) => {
      const operands = nodes.map((n) => (n as Node).inputs[k] as Value);
      if (role === "shared") return operands[0];
      if (role === "own") return this.join(operands);
      return this.repeated(
        operands.map((v) => (known(v) as number[])[0]),
        values.map(sizeOf),
      );
    });
    const [{ dtype }] = values;
    return node(first.op, inputs, first.attributes, [{ dtype, shape: [total(values)] }], "", first.scope).outputs[0];
  }

  /** Each number as often as told, in one constant for those who ask alike. */
  private repeated(numbers: readonly number[], times: readonly number[]): Value {
    const key = `${numbers} ${times}`;
    const each = () => numbers.flatMap((x, i) => Array<number>(times[i]).fill(x));
    const made = this.numbers.get(key) ?? constant(Float32Array.from(each()));
    this.numbers.set(key, made);
    return made;
  }

  /** How each operand enters, if the tensors come from the same element-wise op of like operands. */
  private roles(values: readonly Value[], nodes: readonly (Node | null)[]): readonly Role[] | null {
    const [first] = nodes as readonly Node[];
    if (!first || !isElementwise(first)) return null;
    const like = (n: Node | null) =>
      n?.op === first.op &&
      n.domain === "" &&
      n.inputs.length === first.inputs.length &&
      JSON.stringify(n.attributes) === JSON.stringify(first.attributes);
    if (!nodes.every(like)) return null;
    const roles = first.inputs.map((_, k) => this.role(values, nodes as readonly Node[], k));
    return roles.every((r) => r !== null) && roles.includes("own") ? (roles as Role[]) : null;
  }

  private role(values: readonly Value[], nodes: readonly Node[], k: number): Role | null {
    const operands = nodes.map((n) => n.inputs[k]);
    if (operands.some((v) => !v || count(v.shape) === null)) return null;
    const given = operands as readonly Value[];
    if (given.every((v, i) => sameShape(v.shape, source(values[i]).shape)) && !(isOne(given[0]) && same(given)))
      return "own";
    if (!given.every(isOne)) return null;
    if (same(given)) return "shared";
    return given.every((v) => isConstant(v) && v.dtype === "float32") && total(values) <= longest ? "number" : null;
  }

  /** Where some are multiples by one number and others are not: from the first to the last as one vector, multiplied once. */
  private multiplied(values: readonly Value[]): readonly Value[] {
    const found = values.map(multiple);
    const [first, last] = [found.findIndex((m) => m), found.length - [...found].reverse().findIndex((m) => m)];
    const between = values.slice(first, last);
    const isMixed = found.slice(first, last).some((m) => !m);
    if (first < 0 || !isMixed || total(between) > longest) return values;
    const numbers = this.repeated(
      between.map((_, i) => found[first + i]?.by ?? 1),
      between.map(sizeOf),
    );
    const plain = this.join(between.map((v, i) => found[first + i]?.of ?? v));
    return [...values.slice(0, first), mul(plain, numbers), ...values.slice(last)];
  }

  /** Tensors that are made alike are joined first, if there are few such runs. */
  private byRuns(given: readonly Value[]): Value {
    const values = this.multiplied(given);
    const runs: Value[][] = [];
    for (const v of values) {
      const last = runs.at(-1);
      if (last && kindOf(last[0]) === kindOf(v)) last.push(v);
      else runs.push([v]);
    }
    if (runs.length === 1 || runs.length > manyRuns) return stacked(values, this.readers);
    const joined = runs.map((run) => {
      const known = this.placed(run) ?? this.constants(run) ?? this.operated(run);
      return known ? [known] : run;
    });
    return stacked(joined.flat(), this.readers);
  }
}

/** What is multiplied by one number, and by which. */
function multiple(v: Value): { readonly of: Value; readonly by: number } | null {
  const made = producer(source(v));
  if (made?.op !== "Mul" || made.domain !== "") return null;
  const [of, by] = made.inputs as readonly Value[];
  return isConstant(by) && isOne(by) && !isOne(of) ? { of, by: (known(by) as number[])[0] } : null;
}

const same = (values: readonly Value[]): boolean =>
  values.every((v) => v === values[0]) ||
  values.every((v) => isConstant(v) && v.dtype === values[0].dtype && String(known(v)) === String(known(values[0])));

const kindOf = (v: Value): string => {
  const made = producer(source(v));
  return made && isElementwise(made) ? made.op : "";
};

/** By which permutation a tensor was transposed; nothing if it was not. */
const permOf = (v: Value): readonly number[] | undefined => {
  const made = producer(v);
  return made?.op === "Transpose" ? (made.attributes.perm as readonly number[] | undefined) : undefined;
};

/** `Concat`; of neighbours that are transposed or reshaped alike before they are, so that it is done once. */
function sideBySide(values: readonly Value[], axis: number, readers: Readers): Value {
  const runs = runsOf(values, (v) => String(permOf(v)));
  return concatOf(
    runs.map((run) => {
      const perm = permOf(run[0]);
      if (run.length < 2 || !perm) return concatOf(run, axis, readers);
      return transpose(
        sideBySide(
          run.map((v) => (producer(v) as Node).inputs[0] as Value),
          perm[axis],
          readers,
        ),
        perm,
      );
    }),
    axis,
    readers,
  );
}

/** `Concat`, where there are several; along the first axis of what was reshaped, and kept it, as it was before. */
function concatOf(values: readonly Value[], axis: number, readers: Readers): Value {
  if (values.length < 2) return values[0];
  const before = values.map((v) => (producer(v)?.op === "Reshape" ? source(v) : v));
  const [{ shape }, [first]] = [values[0], before];
  const isAlike = before.every(
    (v, i) => v !== values[i] && v.shape[0] === values[i].shape[0] && sameShape(v.shape.slice(1), first.shape.slice(1)),
  );
  return axis === 0 && isAlike
    ? reshape(sumsBeside(before, 0, readers), [-1, ...(shape.slice(1) as number[])])
    : sumsBeside(values, axis, readers);
}

/** One after another; neighbours that differ in one dimension, before which all are 1, by one `Concat` and one `Reshape`. */
function stacked(values: readonly Value[], readers: Readers): Value {
  const axisOf = ({ shape }: Value) =>
    Math.max(
      0,
      shape.findIndex((d) => d !== 1),
    );
  const likeness = (v: Value) => v.shape.map((d, i) => (i === axisOf(v) ? "*" : d)).join() || `${v.id}`;
  const wholes = runsOf(values.map(source), likeness).map((run) => sideBySide(run, axisOf(run[0]), readers));
  if (wholes.length === 1) return asVector(wholes[0]);
  const width = rowWidth(wholes.map(sizeOf));
  if (total(wholes) <= shortVector) return concat(wholes.map(asVector), 0);
  const rows = wholes.map((whole) => reshape(whole, [-1, width]));
  return reshape(concat(rows, 0), [-1]);
}

const asVector = (v: Value): Value => (v.shape.length === 1 ? v : reshape(v, [-1]));
