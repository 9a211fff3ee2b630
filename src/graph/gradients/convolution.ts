/**
 * Convolution is bilinear in images and filters, so each cotangent is the other's linear map transposed. With
 * y[p] = Σₜ w[t]·x[s·p + d·t − pad] (one channel; stride s, dilation d):
 *
 *   dx[q] = Σ over (p, t) with s·p + d·t − pad = q of w[t]·g[p]     `ConvGradInput`, a transposed convolution of g
 *   dw[t] = Σₚ x[s·p + d·t − pad]·g[p]                              `ConvGradWeight`, a convolution of x by g
 *   dbias = Σ g over images and positions
 *
 * Both are composites of the `hcsc` domain: how they are best computed depends on the runtime (`passes/expand/`, `passes/lower/`).
 */
import { apply, type ConvAttributes, conv, sum } from "../apply.js";
import { notChannels, spatialSizes } from "../axes.js";
import { convolution } from "../ops/windows.js";
import type { Attributes, Value } from "../value.js";
import type { Rule } from "./rule.js";

/** Those of a node's attributes that every convolution has. */
const windowAttributes = (a: Attributes): ConvAttributes =>
  Object.fromEntries(Object.entries(a).filter(([name]) => name in convolution));

export const spatial = (x: Value): readonly number[] => spatialSizes("convolution gradient", x);

export const convRule: Rule = (g, { inputs: [x, w, bias], given, needs }) => {
  const window = windowAttributes(given);
  return [
    needs(0) ? apply("ConvGradInput", [g, w], { ...window, input: spatial(x) }) : null,
    needs(1) ? apply("ConvGradWeight", [x, g], { ...window, kernel: spatial(w) }) : null,
    bias && needs(2) ? sum(g, notChannels(g)) : null,
  ];
};

/** A transposed convolution maps x as `ConvGradInput` maps g above: its own cotangents are the forms of Conv, x and g exchanged. */
export const convTransposeRule: Rule = (g, { inputs: [x, w, bias], given, needs }) => {
  const window = windowAttributes(given);
  return [
    needs(0) ? conv(g, w, window) : null,
    needs(1) ? apply("ConvGradWeight", [g, x], { ...window, kernel: spatial(w) }) : null,
    bias && needs(2) ? sum(g, notChannels(g)) : null,
  ];
};
