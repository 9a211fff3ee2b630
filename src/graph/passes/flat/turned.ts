/**
 * Filters that the gradient of a convolution reads turned, channels swapped and taps backwards: a stack of them is turned at
 * once, before it is taken apart.
 */
import { apply, transpose } from "../../apply.js";
import { known, type Node, type Value } from "../../value.js";
import { parts, type Stack } from "./pieces.js";

/** How one tensor is turned: `Transpose`, then `Slice` where it has several taps. */
interface Turn {
  readonly transpose: Node;
  readonly slice: Node | null;
}

const isSwap = ({ op, attributes }: Node): boolean =>
  op === "Transpose" &&
  String(attributes.perm).startsWith("1,0") &&
  (attributes.perm as readonly number[]).length === 4;

const isReversal = ({ op, inputs }: Node): boolean =>
  op === "Slice" && !!known(inputs[4])?.every((step) => step === -1);

/** By the tensor that is turned. */
export function turnsOf(nodes: readonly Node[]): ReadonlyMap<Value, Turn> {
  const swaps = new Map(nodes.filter(isSwap).map((n) => [n.outputs[0], n]));
  const reversals = new Map(nodes.filter(isReversal).map((n) => [n.inputs[0], n]));
  return new Map([...swaps].map(([v, n]) => [n.inputs[0] as Value, { transpose: n, slice: reversals.get(v) ?? null }]));
}

/** What is to take the place of turned members of a stack; nothing where turning each takes fewer nodes. */
export function turnedTogether(
  { value, members }: Stack,
  turns: ReadonlyMap<Value, Turn>,
  of: (name: string) => Value | undefined,
): ReadonlyMap<Value, Value> {
  const found = members.map(({ name }) => turns.get(of(name) as Value));
  const [first] = found.filter((turn) => turn !== undefined);
  const each = first?.slice ? 2 : 1;
  const count = found.filter((turn) => turn !== undefined).length;
  if (!first || each * count <= each + 1) return new Map();
  const swapped = transpose(value, first.transpose.attributes.perm as readonly number[]);
  const whole = first.slice ? apply("Slice", [swapped, ...(first.slice.inputs.slice(1) as Value[])]) : swapped;
  const pieces = parts(
    whole,
    members.map(({ shape }) => shape[0]),
    1,
  );
  const pairs = found.flatMap((turn, i) =>
    turn ? [[(turn.slice ?? turn.transpose).outputs[0], pieces[i]] as const] : [],
  );
  return new Map(pairs);
}
