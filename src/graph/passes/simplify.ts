/** Equal nodes become one, equal constants too, and identities go: what every emitted graph passes through last. */

import { type Constant, isConstant, type Node, type Value } from "../value.js";
import { renew, rewriteGraph } from "./rewrite.js";

const bytesOf = ({ source: { data } }: Constant) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** FNV-1a. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash;
}

/** The first constant met that is equal to one, byte for byte, and of its name: each is read once, so that many cost their size. */
function firstEqual(): (value: Constant) => Constant {
  const known = new Map<Constant, Constant>();
  const alike = new Map<string, Constant[]>();
  return (value) => {
    const met = known.get(value);
    if (met) return met;
    const bytes = bytesOf(value);
    const key = `${value.dtype}[${value.shape}]${value.name}:${hashOf(bytes)}`;
    const others = alike.get(key) ?? [];
    const first = others.find((other) => bytesOf(other).every((byte, i) => byte === bytes[i])) ?? value;
    if (first === value) alike.set(key, [...others, value]);
    known.set(value, first);
    return first;
  };
}

/** Simplifies the graph of `outputs`; dead nodes are no longer part of it by construction. */
export function simplify(outputs: readonly Value[]): readonly Value[] {
  const constantLike = firstEqual();
  const nodes = new Map<string, readonly Value[]>();
  const canonical = (value: Value | null): Value | null => (value && isConstant(value) ? constantLike(value) : value);
  return rewriteGraph(outputs, (node: Node, given) => {
    const inputs = given.map(canonical);
    if (node.op === "Identity" && node.domain === "" && inputs[0]) return [inputs[0]];
    const attributes = Object.entries(node.attributes)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => `${k}=${typeof v === "object" && "source" in v ? `#${v.id}` : JSON.stringify(v)}`);
    const key = [node.domain, node.op, ...attributes, ...inputs.map((v) => v?.id ?? "-"), node.outputs.length].join(
      "|",
    );
    const known = nodes.get(key);
    if (known) return known;
    const kept = renew(node, inputs);
    nodes.set(key, kept);
    return kept;
  });
}
