/** Whether inputs and attributes are those that an op declares; a misfit is an error at the call. */
import { type Sentence, said } from "../../errors.js";
import { fail, isValue } from "../shapes.js";
import { type Attributes, describe, isConstant, type Value } from "../value.js";
import type { Declared, Input, Signature } from "./declare.js";

type Inputs = readonly (Value | null)[];

/** @throws ShapeError that names the op, what is wrong and the place of the call */
export function check(op: string, signature: Signature, inputs: Inputs, attributes: Attributes): void {
  checkInputs(op, signature.inputs, inputs);
  const refuse: (reason: Sentence) => never = (reason) => fail(op, reason, inputs, "wrong-attribute");
  for (const [name, value] of Object.entries(attributes)) {
    const declared = signature.attributes[name];
    if (!declared) refuse(said`it has no attribute ${{ attribute: name }}${known(Object.keys(signature.attributes))}`);
    const wanted = misfit(declared, value);
    if (wanted) refuse(said`the attribute ${{ attribute: name }} must be ${wanted}, not ${shown(value)}`);
  }
  for (const [name, { needed }] of Object.entries(signature.attributes))
    if (needed && attributes[name] === undefined) refuse(said`it needs the attribute ${{ attribute: name }}`);
}

const known = (names: readonly string[]): string => (names.length > 0 ? `; it has ${names.join(", ")}` : "");

function checkInputs(op: string, declared: readonly Input[], inputs: Inputs): void {
  const last = declared.at(-1);
  if (inputs.length > declared.length && last?.presence !== "any")
    fail(op, `it takes ${listed(declared)}: ${inputs.length} inputs are too many`, inputs, "wrong-inputs");
  const shared = new Map<string, Value>();
  for (let i = 0; i < Math.max(inputs.length, declared.length); i++) {
    const { name, dtypes, presence, variable } = declared[i] ?? (last as Input);
    const value = inputs[i] ?? null;
    if (!value) {
      if (presence !== "optional") fail(op, `it takes ${listed(declared)}: ${name} is missing`, inputs, "wrong-inputs");
      continue;
    }
    if (!isValue(value)) fail(op, `${name} must be a value of a graph, not ${shown(value)}`, inputs, "wrong-inputs");
    if (!dtypes.among.includes(value.dtype)) fail(op, `the ${name} must be ${dtypes.words}`, inputs, "wrong-dtype");
    if (!variable) continue;
    const first = shared.get(variable) ?? value;
    if (value.dtype !== first.dtype) fail(op, "the inputs differ in dtype", inputs, "wrong-dtype");
    shared.set(variable, first);
  }
}

const signs = { needed: "", optional: "?", any: "…" } as const;
const listed = (declared: readonly Input[]): string =>
  `(${declared.map(({ name, presence }) => `${name}${signs[presence]}`).join(", ")})`;

/** Whatever JavaScript gave, as errors show it. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  return isValue(value) ? describe(value) : typeof value === "object" ? "an object" : String(value);
}

const isList = (value: unknown, each: (x: unknown) => boolean): boolean => Array.isArray(value) && value.every(each);
const isNumber = (value: unknown): boolean => typeof value === "number";

/** Whether a value is of a kind, and how that is called. */
const kinds: { readonly [K in Declared["kind"]]: readonly [(value: unknown) => boolean, string] } = {
  int: [Number.isInteger, "an integer"],
  float: [isNumber, "a number"],
  ints: [(value) => isList(value, Number.isInteger), "a list of integers"],
  floats: [(value) => isList(value, isNumber), "a list of numbers"],
  string: [(value) => typeof value === "string", "a string"],
  tensor: [(value) => isValue(value) && isConstant(value), "a constant"],
};

/** What the attribute must be, where `value` is not that. */
function misfit({ kind, choices }: Declared, value: unknown): string | null {
  const [isOfKind, words] = kinds[kind];
  if (choices) return choices.includes(value as string) ? null : choices.join(" or ");
  return isOfKind(value) ? null : words;
}
