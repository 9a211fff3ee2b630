/** Layers: functions of a scope and a value. */
import { type ConvAttributes, conv, gemm, mul, sum, type Value } from "../graph/index.js";
import type { Scope } from "./parameters.js";

/** The channels of an image batch [N,C,H,W], which are always known. */
export const channels = (x: Value): number => x.shape[1] as number;

/** Convolution without bias, started as by He et al. 2015 over its outputs (fan-out): deviation √(2 / (filters·kernel²)). */
export function convolution(
  scope: Scope,
  x: Value,
  filters: number,
  kernel: number,
  attributes: ConvAttributes = {},
): Value {
  const deviation = Math.sqrt(2 / (filters * kernel * kernel));
  const weight = scope.parameter("weight", [filters, channels(x), kernel, kernel], { kind: "normal", deviation });
  const border = (kernel - 1) / 2;
  return conv(x, weight, { pads: [border, border, border, border], ...attributes });
}

/** `x·Wᵀ + b` for rows [N, inputs] → [N, outputs]; W and b start uniform in ±1/√inputs (PyTorch's default). */
export function linear(scope: Scope, x: Value, outputs: number, { bias = true } = {}): Value {
  const inputs = x.shape[1] as number;
  const initial = { kind: "uniform", bound: 1 / Math.sqrt(inputs) } as const;
  const weight = scope.parameter("weight", [outputs, inputs], initial);
  return gemm(x, weight, bias ? scope.parameter("bias", [outputs], initial) : null, { transB: true });
}

/** ⟨a, b⟩ of each pair of rows: [N, D] and [N, D] → [N, 1]. */
export const rowDot = (a: Value, b: Value): Value => sum(mul(a, b), [1], true);

/** All pairwise products of rows: [N, D] and [M, D] → [N, M]. */
export const rowProducts = (a: Value, b: Value): Value => gemm(a, b, null, { transB: true });
