/** Rules of element-wise ops that take more than a line. */
import {
  add,
  and,
  apply,
  cast,
  div,
  equal,
  erf,
  exp,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  log,
  mul,
  pow,
  sub,
  where,
} from "../apply.js";
import { expandLike } from "../reshaping.js";
import type { Value } from "../value.js";
import { mask, ones, type Rule } from "./rule.js";

/** y = max or min over several inputs: ties share the cotangent equally. */
export const extremum: Rule = (g, { inputs, outputs: [y] }) => {
  const hits = inputs.map((x) => cast(equal(x, y), g.dtype));
  const share =
    inputs.length === 1
      ? g
      : div(
          g,
          hits.reduce((a, b) => add(a, b)),
        );
  return hits.map((hit) => mul(share, hit));
};

/** 1 inside the bounds and at them, else 0. */
export const clipRule: Rule = (g, { inputs: [x, low, high] }) => {
  const above = low ? greaterOrEqual(x, low) : null;
  const below = high ? lessOrEqual(x, high) : null;
  const inside = above && below ? and(above, below) : (above ?? below);
  return [inside ? mask(inside, g) : g, null, null];
};

/** d aᵇ = b·aᵇ⁻¹ da + aᵇ·ln a db; the logarithm only where a > 0. */
export const powRule: Rule = (g, { inputs: [a, b], outputs: [y], needs }) => {
  const exponent = cast(b, a.dtype);
  return [
    needs(0) ? mul(g, mul(exponent, pow(a, sub(exponent, 1)))) : null,
    needs(1) ? mul(g, mul(y, log(where(greater(a, 0), a, ones(a))))) : null,
  ];
};

/** y = x where x ≥ 0, else slope·x. */
export const preluRule: Rule = (g, { inputs: [x, slope], needs }) => {
  const negative = less(x, 0);
  return [
    needs(0) ? mul(g, where(negative, expandLike(slope, x), ones(x))) : null,
    needs(1) ? mask(negative, mul(g, x)) : null,
  ];
};

/** −1, 0 or 1; without `Sign`, which the WebGPU provider lacks. */
export const signOf = (x: Value): Value => sub(cast(greater(x, 0), x.dtype), cast(less(x, 0), x.dtype));

/**
 * 1 where x > 0, else 0, of x ≥ 0: in one op that is linear up to x = 10⁻²⁰. It takes 0.2 ms for 8 MB on ONNX Runtime's CPU
 * provider, `Greater` and `Cast` 1.1 ms.
 */
export const stepOf = (x: Value): Value =>
  x.dtype === "float32" ? apply("HardSigmoid", [x], { alpha: 1e20, beta: 0 }) : cast(greater(x, 0), x.dtype);

/** Φ(x) of the standard normal. Erf's √½·x is a product, as `ExactGelu` has a quotient: the two share no node, so that one stays a kernel. */
export function normalDistribution(x: Value): Value {
  const y = erf(mul(x, Math.SQRT1_2));
  return x.dtype === "float32" ? apply("HardSigmoid", [y], { alpha: 0.5, beta: 0.5 }) : mul(0.5, add(y, 1));
}

/** φ(x) of the standard normal, its factor in the exponent. */
export function normalDensity(x: Value): Value {
  const scaled = mul(x, Math.SQRT1_2);
  return exp(sub(-0.5 * Math.log(2 * Math.PI), mul(scaled, scaled)));
}
