/**
 * Products with few results of many terms each, as gradients of linear layers' weights are: WebGPU has one workgroup of 64 threads
 * add all terms of a tile of results, one after another, while most of a wide device has nothing to do. In groups of terms there
 * are as many tiles more: a product for each group, and one by ones that adds them up where they lie.
 *
 * Reckoned for an H100, not measured: 12,608 terms one after another take 0.3 ms, a kernel takes 40 µs to launch, and there are two
 * more, for one side is turned first: WebGPU has no kernel that turns the matrices of a batch as it multiplies them. (cuBLAS splits
 * such sums itself.)
 */
import { gemm, matMul, reshape, transpose } from "../../apply.js";
import { attributesOf } from "../../ops/index.js";
import { sameShape } from "../../reshaping.js";
import { isStatic } from "../../shapes.js";
import { constant, isConstant, type Value } from "../../value.js";
import { equalGroups } from "../expand/deviceFilters.js";
import type { Met } from "./replacement.js";

/** Sides of the tiles in which WebGPU makes products, and how many of those keep a wide device busy. */
const tile = 32;
const manyTiles = 1024;
/** So many terms take longer one after another than the kernels that are more do; in fewer groups it hardly pays. */
const [long, fewest] = [8192, 4];
/** Terms that a group has at least, of a product in whole vectors of four. */
const least = 64;
const vector = 4;

interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly tiles: number;
  readonly terms: number;
  readonly groups: number;
}

/** A product's sizes, and in how many groups of terms it makes enough tiles, or as many as its length allows. */
function productOf({ inputs: [a], attributes, outputs: [y] }: Met): Product {
  const [rows, columns] = y.shape as readonly number[];
  const terms = a.shape[attributesOf("Gemm", attributes).transA ? 0 : 1] as number;
  const tiles = Math.ceil(rows / tile) * Math.ceil(columns / tile);
  // not so few terms that the groups' results, which are written and read again, are more than what is multiplied
  const each = Math.max(least, (rows * columns) / (rows + columns));
  const unit = terms % vector === 0 ? vector : 1;
  return { rows, columns, tiles, terms, groups: equalGroups(terms / unit, manyTiles / tiles, each / unit) };
}

/**
 * Few tiles, whose terms are many and can be grouped. Sums that a constant picks, as of the norms of many tensors, are no larger in
 * steps of many images: in small steps, which wait for launches, they would cost more than they save.
 */
export function isLongProduct(node: Met): boolean {
  const { inputs, outputs } = node;
  const [a, b, c] = inputs;
  const [y] = outputs;
  if (!inputs.every((v) => !v || (v.dtype === "float32" && isStatic(v.shape)))) return false;
  if (a.shape.length !== 2 || b.shape.length !== 2 || y.shape.includes(0)) return false;
  if (isConstant(a) || isConstant(b) || (c && !sameShape(c.shape, y.shape))) return false;
  const { tiles, terms, groups } = productOf(node);
  return terms >= long && groups >= fewest && fewest * tiles <= manyTiles;
}

/** The same by groups of terms: [groups, rows, terms / groups]·[groups, terms / groups, columns], and the sum over groups. */
export function inGroupsOfTerms(node: Met): readonly Value[] {
  const { rows, columns, groups } = productOf(node);
  const [a, b, c] = node.inputs;
  const { transA, transB, alpha, beta } = attributesOf("Gemm", node.attributes);
  const left = transA
    ? transpose(reshape(a, [groups, -1, rows]), [0, 2, 1])
    : transpose(reshape(a, [rows, groups, -1]), [1, 0, 2]);
  const right = transB ? transpose(reshape(b, [columns, groups, -1]), [1, 2, 0]) : reshape(b, [groups, -1, columns]);
  const results = reshape(matMul(left, right), [groups, rows * columns]);
  const ones = constant(new Float32Array(groups).fill(1), [1, groups]);
  const total = gemm(ones, results, c ? reshape(c, [1, rows * columns]) : null, { alpha, beta });
  return [reshape(total, [rows, columns])];
}
