/** Gathering and scattering: what was taken from a place is added back there; what was overwritten receives nothing. */
import { GraphError, said } from "../../errors.js";
import { apply, cast, gatherElements, scatterND, transpose, unsqueeze } from "../apply.js";
import { expandLike } from "../reshaping.js";
import { fromFront } from "../shapes.js";
import { scalar, type Value } from "../value.js";
import { type Rule, zeros } from "./rule.js";

interface Along {
  readonly axis: number;
}

/** Adds `g`, taken from `x` along `axis` at `at`, back at its place in zeros of x's shape. */
export function scatterAxis(g: Value, at: Value, x: Value, axis: number): Value {
  const width = at.shape.length;
  const axes = g.shape.map((_, i) => i);
  const front = [...axes.slice(axis, axis + width), ...axes.slice(0, axis), ...axes.slice(axis + width)];
  const moved = x.shape.map((_, i) => (i === 0 ? axis : i <= axis ? i - 1 : i));
  const back = x.shape.map((_, i) => moved.indexOf(i));
  const into = expandLike(scalar(0, g.dtype), transpose(x, moved));
  return transpose(scatterND(into, unsqueeze(cast(at, "int64"), [width]), transpose(g, front), "add"), back);
}

export const gatherRule: Rule<Along> = (g, { inputs: [x, at], attributes: { axis } }) => [
  scatterAxis(g, at, x, fromFront(axis, x.shape.length)),
  null,
];

const addElements = (g: Value, at: Value, x: Value, axis: number): Value =>
  apply("ScatterElements", [zeros(x), at, g], { axis, reduction: "add" });

export const gatherElementsRule: Rule<Along> = (g, { inputs: [x, at], attributes: { axis } }) => [
  addElements(g, at, x, axis),
  null,
];

export const topKRule: Rule<Along> = (g, { inputs: [x], outputs: [, at], attributes: { axis } }) => [
  addElements(g, at, x, axis),
  null,
];

export const gatherNDRule: Rule<{ readonly batch_dims: number }> = (g, { inputs: [x, at], attributes }) => {
  if (attributes.batch_dims !== 0)
    throw new GraphError(
      "no-gradient",
      said`${{ op: "GatherND" }}: ${{ attribute: "batch_dims" }} other than 0 has no gradient rule`,
    );
  return [scatterND(zeros(x), at, g, "add"), null];
};

/** Fails for reductions other than none and add. */
function isAdding(op: string, mode: string): boolean {
  if (mode !== "none" && mode !== "add")
    throw new GraphError("no-gradient", said`${{ op }}: ${{ attribute: "reduction" }} ${mode} has no gradient rule`);
  return mode === "add";
}

interface Reducing {
  readonly reduction: string;
}

export const scatterNDRule: Rule<Reducing> = (g, { inputs: [, at, updates], attributes }) => {
  const kept = isAdding("ScatterND", attributes.reduction) ? g : scatterND(g, at, zeros(updates));
  return [kept, null, apply("GatherND", [g, at])];
};

export const scatterElementsRule: Rule<Along & Reducing> = (
  g,
  { inputs: [, at, updates], attributes: { axis, reduction } },
) => {
  const kept = isAdding("ScatterElements", reduction) ? g : apply("ScatterElements", [g, at, zeros(updates)], { axis });
  return [kept, null, gatherElements(g, at, axis)];
};
