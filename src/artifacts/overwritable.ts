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
 * @param model - without subgraphs: of one with a subgraph nothing is
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
  /** What truly writes a value: not a node that may be left out. */
  const writerOf = (name: string): NodeContent | undefined => {
    const node = writers.get(name);
    return node && sharing.has(node.op) ? writerOf(node.inputs[0]) : node;
  };
  const isSafe = ([name, output]: readonly [string, string]): boolean => {
    const writer = writerOf(output);
    if (!writer) return false; // the old value itself, or another's
    const before = ancestors(writer, writers);
    const reading = readersOf(name);
    return (!reading.has(writer) || isPointwise(writer)) && [...reading].every((r) => r === writer || before.has(r));
  };
  return Object.entries(state)
    .filter(isSafe)
    .map(([name]) => name);
}

const holdsGraph = ({ attributes }: NodeContent): boolean =>
  Object.values(attributes).some((a) => typeof a === "object" && "nodes" in a);

const isPointwise = ({ op, domain }: NodeContent): boolean => domain === "" && pointwise.has(op);

const shares = ({ op, inputs }: NodeContent, name: string): boolean => sharing.has(op) && inputs[0] === name;

/** The nodes that have to run before one. */
function ancestors(node: NodeContent, writers: ReadonlyMap<string, NodeContent>): ReadonlySet<NodeContent> {
  const found = new Set<NodeContent>();
  const left = [node];
  for (let next = left.pop(); next; next = left.pop())
    for (const name of next.inputs) {
      const writer = writers.get(name);
      if (!writer || found.has(writer)) continue;
      found.add(writer);
      left.push(writer);
    }
  return found;
}
