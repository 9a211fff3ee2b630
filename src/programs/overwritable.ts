/**
 * Which state tensors a run may write over while it reads them, in whatever order it runs the nodes: where every node that reads
 * the old value has to run before the one that writes the new, and that one reads it element by element or not at all.
 */
import type { ModelContent, NodeContent } from "../onnx/index.js";

/** Element i of the output from elements i of the inputs. */
const pointwise: ReadonlySet<string> = new Set([
  "Add",
  "Sub",
  "Mul",
  "Div",
  "Where",
  "Min",
  "Max",
  "Sqrt",
  "Neg",
  "Clip",
]);
/** A runtime may let these share their input's memory, or leave them out. */
const sharing: ReadonlySet<string> = new Set(["Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity"]);

/**
 * The names of `state` that are safe to write over.
 *
 * @param model - if it has subgraphs, nothing is safe
 * @param state - state tensor → the output that becomes its next value
 */
export function overwritable(
  { nodes }: Pick<ModelContent, "nodes">,
  state: Readonly<Record<string, string>>,
): readonly string[] {
  if (nodes.some(holdsGraph)) return [];
  const writers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const readers = new Map<string, NodeContent[]>();
  for (const node of nodes)
    for (const name of new Set(node.inputs)) readers.set(name, [...(readers.get(name) ?? []), node]);

  /** Everything that reads a value's memory. */
  const readersOf = (name: string, found = new Set<NodeContent>()): ReadonlySet<NodeContent> => {
    for (const node of readers.get(name) ?? []) {
      if (found.has(node)) continue;
      found.add(node);
      if (shares(node, name)) readersOf(node.outputs[0], found);
    }
    return found;
  };
  /** The node that really writes a value: not one that a runtime may leave out. */
  const writerOf = (name: string): NodeContent | undefined => {
    const node = writers.get(name);
    return node && sharing.has(node.op) ? writerOf(node.inputs[0]) : node;
  };
  const reading = new Map(Object.keys(state).map((name) => [name, readersOf(name)]));
  const isBefore = orderOf(nodes, writers, new Set([...reading.values()].flatMap((found) => [...found])));
  const isSafe = ([name, output]: readonly [string, string]): boolean => {
    const writer = writerOf(output);
    if (!writer) return false; // the old value itself, or another's
    const found = [...(reading.get(name) ?? [])];
    return (!found.includes(writer) || isPointwise(writer)) && found.every((r) => r === writer || isBefore(r, writer));
  };
  return Object.entries(state)
    .filter(isSafe)
    .map(([name]) => name);
}

const holdsGraph = ({ attributes }: NodeContent): boolean =>
  Object.values(attributes).some((a) => typeof a === "object" && "nodes" in a);

const isPointwise = ({ op, domain }: NodeContent): boolean => domain === "" && pointwise.has(op);

const shares = ({ op, inputs }: NodeContent, name: string): boolean => sharing.has(op) && inputs[0] === name;

/**
 * Whether a node of some has to run before another, told from one pass over the nodes, which stand in an order in which they can
 * run: each has a bit for every one of `some` that it needs.
 */
function orderOf(
  nodes: readonly NodeContent[],
  writers: ReadonlyMap<string, NodeContent>,
  some: ReadonlySet<NodeContent>,
): (first: NodeContent, then: NodeContent) => boolean {
  const bits = new Map([...some].map((node, bit) => [node, bit]));
  const words = Math.ceil(some.size / 32);
  const needed = new Map<NodeContent, Uint32Array>();
  for (const node of nodes) {
    const own = new Uint32Array(words);
    for (const name of node.inputs) {
      const from = writers.get(name);
      const theirs = from && needed.get(from);
      if (!from || !theirs) continue;
      for (let w = 0; w < words; w++) own[w] |= theirs[w];
      const bit = bits.get(from);
      if (bit !== undefined) own[bit >> 5] |= 1 << (bit & 31);
    }
    needed.set(node, own);
  }
  return (first, then) => {
    const bit = bits.get(first) as number;
    return ((needed.get(then)?.[bit >> 5] ?? 0) & (1 << (bit & 31))) !== 0;
  };
}
