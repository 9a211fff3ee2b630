/**
 * What is computed of 8-bit numbers one by one, as the normalisation of pixels is, has 256 values a channel: they are computed here,
 * in float32, and read from a table. So a pixel has the same bits on every provider, however it divides.
 */
import { add, cast, gather } from "../../apply.js";
import { constant, isConstant, type Node, topological, type Value } from "../../value.js";
import { rewriteGraph } from "../rewrite.js";
import { arithmetic } from "./constants.js";

const levels = 256;

/** A tensor as a function of the 8-bit numbers of an image tensor: its values, channel by channel, and the nodes that compute it. */
interface Table {
  readonly image: Value;
  readonly values: readonly Float32Array[];
  readonly nodes: number;
}

/** The graph with tables in the place of longer ways. */
export function fromTables(outputs: readonly Value[]): readonly Value[] {
  const nodes = topological(outputs);
  const tables = new Map<Value, Table>();
  for (const node of nodes) {
    const table = begun(node) ?? continued(node, tables);
    if (table) tables.set(node.outputs[0], table);
  }
  const read = new Set([...outputs, ...nodes.filter((n) => !tables.has(n.outputs[0])).flatMap((n) => n.inputs)]);
  return rewriteGraph(outputs, ({ outputs: [y] }) => {
    const table = read.has(y) ? tables.get(y) : undefined;
    if (!table || table.nodes <= (table.values.length > 1 ? 3 : 2)) return null;
    const { image, values } = table;
    const whole = Float32Array.from(values.flatMap((v) => [...v]));
    const starts = constant(
      values.map((_, c) => c * levels),
      [values.length, 1, 1],
      "int32",
    );
    const level = cast(image, "int32");
    return [gather(constant(whole), values.length > 1 ? add(level, starts) : level)];
  });
}

/** Images [N, C, H, W] as floats. */
function begun({ op, domain, inputs: [x], outputs: [y] }: Node): Table | null {
  const channels = x?.shape[1];
  if (op !== "Cast" || domain !== "" || x?.dtype !== "uint8" || y.dtype !== "float32") return null;
  if (x.shape.length !== 4 || typeof channels !== "number") return null;
  const values = Array.from({ length: channels }, () => Float32Array.from({ length: levels }, (_, i) => i));
  return { image: x, values, nodes: 1 };
}

/** Arithmetic of such a tensor and of a number, or of one a channel. */
function continued({ op, domain, inputs }: Node, tables: ReadonlyMap<Value, Table>): Table | null {
  const f = domain === "" && op in arithmetic ? arithmetic[op] : null;
  const [a, b] = inputs as readonly Value[];
  const before = f && (tables.get(a) ?? tables.get(b));
  const numbers = before && perChannel(tables.has(a) ? b : a, before.values.length);
  if (!before || !numbers) return null;
  const values = before.values.map((v, c) => v.map((x) => (tables.has(a) ? f(x, numbers[c]) : f(numbers[c], x))));
  return { ...before, values, nodes: before.nodes + 1 };
}

/** A constant as a number for each channel. */
function perChannel(v: Value, channels: number): readonly number[] | null {
  if (!isConstant(v) || v.dtype !== "float32") return null;
  const data = Array.from(v.source.data as Float32Array);
  if (data.length === 1) return Array<number>(channels).fill(data[0]);
  const [wide, ...after] = v.shape.slice(v.shape.findIndex((d) => d !== 1));
  return wide === channels && String(after) === "1,1" ? data : null;
}
