/**
 * How an op is declared: once, by its inputs (name, dtypes, whether it may be left out), its attributes (kind and ONNX's default)
 * and the rule that gives the types of its outputs. Types of constructors, checks, the defaults that rules read and the kinds
 * that are written to a file all come from that.
 */
import type { Constant, DType, TensorType, Value } from "../value.js";

/** Dtypes that an input takes. */
export interface Dtypes {
  readonly words: string;
  readonly among: readonly DType[];
}

export const floats: Dtypes = { words: "floats", among: ["float16", "float32", "float64"] };
export const single: Dtypes = { words: "float32", among: ["float32"] };
/** Without float16. */
export const fullFloats: Dtypes = { words: "float32 or float64", among: ["float32", "float64"] };
export const bools: Dtypes = { words: "bool", among: ["bool"] };
export const integers: Dtypes = { words: "integers", among: ["int32", "int64"] };
export const int64: Dtypes = { words: "int64", among: ["int64"] };
/** What products and sums take: no 8-bit integers. */
export const wide: Dtypes = { words: "floats, int32 or int64", among: [...floats.among, ...integers.among] };
export const signed: Dtypes = { words: "floats or signed integers", among: [...wide.among, "int8"] };
export const numbers: Dtypes = { words: "numbers", among: [...signed.among, "uint8"] };
export const anything: Dtypes = { words: "of any dtype", among: [...numbers.among, "bool"] };

/** An input of an op. */
export interface Input {
  /** ONNX's name. */
  readonly name: string;
  readonly dtypes: Dtypes;
  /** `any`: as many as there are, one at least. */
  readonly presence: "needed" | "optional" | "any";
  /** ONNX's type variable: inputs of an op under one name share their dtype. Null: a dtype of its own. */
  readonly variable: string | null;
}

/** An input that shares its dtype with the other such inputs of the op. */
export const like = (name: string, dtypes: Dtypes, variable = "T"): Input => ({
  ...own(name, dtypes),
  variable,
});
/** An input of a dtype of its own. */
export const own = (name: string, dtypes: Dtypes): Input => ({ name, dtypes, presence: "needed", variable: null });
export const optional = (input: Input): Input => ({ ...input, presence: "optional" });
export const many = (input: Input): Input => ({ ...input, presence: "any" });

/** What attributes of each kind hold. */
interface Held {
  readonly int: number;
  readonly float: number;
  readonly ints: readonly number[];
  readonly floats: readonly number[];
  readonly string: string;
  readonly tensor: Constant;
}
export type Kind = keyof Held;

/** An attribute: what it holds, and what holds without it. `Read`: what rules read. */
export interface Declared<Read = unknown, Needed extends boolean = boolean> {
  readonly kind: Kind;
  readonly needed: Needed;
  /** ONNX's default; undefined where it depends on the inputs. */
  readonly otherwise: Read | undefined;
  /** Words that a string may be. */
  readonly choices?: readonly string[];
}

interface Declare<V> {
  (): Declared<V | undefined, false>;
  (otherwise: V): Declared<V, false>;
  readonly needed: Declared<V, true>;
}

function ofKind<K extends Kind>(kind: K): Declare<Held[K]> {
  const declare = (otherwise?: Held[K]) => ({ kind, needed: false, otherwise });
  return Object.assign(declare, { needed: { kind, needed: true, otherwise: undefined } }) as Declare<Held[K]>;
}

export const int = ofKind("int");
export const float = ofKind("float");
export const ints = ofKind("ints");
export const floatList = ofKind("floats");
export const text = ofKind("string");
export const tensor = ofKind("tensor");
/** A word, ONNX's default first. */
export const word = <const W extends string>(...choices: readonly [W, ...W[]]): Declared<W, false> => ({
  kind: "string",
  needed: false,
  otherwise: choices[0],
  choices,
});

export type Declarations = Readonly<Record<string, Declared>>;

/** An op's attributes as rules read them: with defaults. */
export type Filled<A> = { readonly [N in keyof A]: A[N] extends Declared<infer R> ? R : never };

type Needed<A> = { [N in keyof A]: A[N] extends { readonly needed: true } ? N : never }[keyof A];
type Loose<A> = { readonly [N in keyof A]?: NonNullable<Filled<A>[N]> };

/** An op's attributes as a caller gives them. */
export type Given<A> = keyof A extends never
  ? Readonly<Record<string, never>>
  : Omit<Loose<A>, Needed<A>> & { readonly [N in Needed<A>]: Filled<A>[N] };

/** Whether a caller may leave all attributes out. */
export type IsFree<A> = [Needed<A>] extends [never] ? true : false;

export type In = readonly Value[];

/** The types of an op's outputs, from inputs that passed `check`; null for an optional one that is left out. */
type Infer<A> = (x: In, attributes: Filled<A>, op: string, outputs: number) => readonly TensorType[];

/** Inputs and attributes of an op. */
export interface Signature<A = Declarations> {
  readonly inputs: readonly Input[];
  readonly attributes: A;
}

/** An op that the builder makes nodes of. */
export interface Op<A = Declarations> extends Signature<A> {
  shape(...given: Parameters<Infer<A>>): readonly TensorType[];
}

/** Declares an op. */
export const op = <const A extends Declarations>(inputs: readonly Input[], attributes: A, shape: Infer<A>): Op<A> => ({
  inputs,
  attributes,
  shape,
});

/** Attributes with the defaults of those that are not given. */
export function fill<A extends Declarations>({ attributes }: Signature<A>, given: object): Filled<A> {
  const defaults = Object.entries(attributes).flatMap(([name, { otherwise }]) =>
    otherwise === undefined ? [] : [[name, otherwise] as const],
  );
  return { ...Object.fromEntries(defaults), ...given } as Filled<A>;
}
