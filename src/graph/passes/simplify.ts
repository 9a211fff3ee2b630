/** Equal nodes become one, equal constants too, and identities go: what every emitted graph passes through last. */

import { type Constant, type ConstantData, isConstant, type Node, type Value } from "../value.js";
import { renew, rewriteGraph } from "./rewrite.js";

const small = 1024;

const bytesOf = (data: ConstantData) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function equal(a: Constant, b: Constant): boolean {
  if (a === b) return true;
  const [p, q] = [a, b].map(({ source }) => bytesOf(source.data));
  return p.every((byte, i) => byte === q[i]);
}

/** Simplifies the graph of `outputs`; dead nodes are no longer part of it by construction. */
export function simplify(outputs: readonly Value[]): readonly Value[] {
  const constants = new Map<string, Value>();
  const large = new Map<string, Constant[]>();
  const nodes = new Map<string, readonly Value[]>();
  const canonical = (value: Value | null): Value | null => {
    if (!value || !isConstant(value)) return value;
    const type = `${value.dtype}[${value.shape}]${value.name}`;
    if (value.source.data.length > small) {
      const alike = large.get(type) ?? [];
      const known = alike.find((other) => equal(value, other));
      if (!known) large.set(type, [...alike, value]);
      return known ?? value;
    }
    const key = `${type}:${Array.from(value.source.data as ArrayLike<number | bigint>, String).join()}`;
    if (!constants.has(key)) constants.set(key, value);
    return constants.get(key) as Value;
  };
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
