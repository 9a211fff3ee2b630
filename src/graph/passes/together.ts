/**
 * What layers compute alike, row by row of tensors of their own, is done at once where the tensors are so small that a launch takes
 * longer than copying one: side by side, computed, and taken apart. Of a transformer's gradient these are the slopes of GELU,
 * eight nodes a block, the rows of its norms, and transposes.
 */
import { concat, split } from "../apply.js";
import type { Graph } from "../model.js";
import { count, isStatic } from "../shapes.js";
import { isConstant, type Node, node, producer, topological, type Value } from "../value.js";
import { cheaplyCopied, largestJoined } from "./copies.js";
import { withOutputs } from "./outputs.js";
import { rewriteGraph } from "./rewrite.js";

/** Ops that give each row by itself, if all else that they read is constant. */
const rowwise: ReadonlySet<string> = new Set("Mul Add Sub Exp Erf HardSigmoid LayerNormalization".split(" "));

/** `graph` with what is alike done at once. */
export const together = (graph: Graph): Graph =>
  withOutputs(graph, (outputs) => {
    let made = outputs;
    for (let next = joined(made); next; next = joined(made)) made = next;
    return made;
  });

/** A node that reads nothing but one tensor, through others like it, and constants. */
interface Link {
  readonly base: Value;
  /** How it is made of that. */
  readonly key: string;
}

/** All that is made of one tensor row by row. */
interface Branch {
  readonly base: Value;
  readonly nodes: readonly Node[];
  /** What other nodes read of it. */
  readonly roots: readonly Value[];
  readonly likeness: string;
}

/** The same graph with the first branches that are alike done at once; null if there are none. */
function joined(outputs: readonly Value[]): readonly Value[] | null {
  const groups = new Map<string, Branch[]>();
  for (const branch of branchesOf(outputs))
    groups.set(branch.likeness, [...(groups.get(branch.likeness) ?? []), branch]);
  for (const group of groups.values()) {
    if (!isWorth(group) || waits(group)) continue;
    return rewriteGraph(outputs, () => null, atOnce([...group].sort(byScope)));
  }
  return null;
}

/** Whether the launches that are saved take longer than copying what is put together and taken apart. */
function isWorth(group: readonly Branch[]): boolean {
  const [{ base, nodes, roots }] = group;
  const size = group.length * (count(base.shape) as number);
  const saved = (group.length - 1) * nodes.length - 1 - roots.length;
  return size <= largestJoined && size * (1 + roots.length) < saved * cheaplyCopied;
}

/** The order of parameters' names. */
const byScope = (a: Branch, b: Branch): number => (a.nodes[0].scope < b.nodes[0].scope ? -1 : 1);

/** Whether what one is made of comes after another. */
function waits(group: readonly Branch[]): boolean {
  const before = new Set(topological(group.map(({ base }) => base)));
  return group.some(({ nodes }) => nodes.some((n) => before.has(n)));
}

function branchesOf(outputs: readonly Value[]): readonly Branch[] {
  const nodes = topological(outputs);
  const links = new Map<Node, Link>();
  for (const n of nodes) {
    const link = linkOf(n, links);
    if (link) links.set(n, link);
  }
  const others = nodes.filter((n) => !links.has(n));
  const read = new Set([...outputs, ...others.flatMap((n) => n.inputs)]);
  const of = new Map<Value, Node[]>();
  for (const [n, { base }] of links) of.set(base, [...(of.get(base) ?? []), n]);
  return [...of].map(([base, made]) => ({
    base,
    nodes: made,
    roots: made.flatMap((n) => n.outputs.filter((v) => read.has(v))),
    likeness: [roleOf(base), ...made.map((n) => (links.get(n) as Link).key)].join(" | "),
  }));
}

/** What a tensor is to its layer. */
function roleOf(v: Value): string {
  const made = producer(v);
  return `${v.shape} ${made?.scope.split("/")[0]} ${made?.outputs.indexOf(v)}`;
}

/** Whether a node gives each row by itself. */
function isRowwise({ op, domain, attributes, outputs: [y] }: Node): boolean {
  if (domain !== "" || !isStatic(y.shape) || y.dtype !== "float32") return false;
  return op === "Transpose" ? (attributes.perm as readonly number[])[0] === 0 : rowwise.has(op) && y.shape.length === 2;
}

function linkOf(n: Node, links: ReadonlyMap<Node, Link>): Link | null {
  if (!isRowwise(n)) return null;
  const bases = new Set<Value>();
  const keys = n.inputs.map((v) => {
    if (!v) return "";
    if (isConstant(v)) return v.shape.length < 2 ? `${v.shape}:${v.source.data}` : null;
    const made = producer(v);
    const link = made && links.get(made);
    bases.add(link ? link.base : v);
    return link ? `(${link.key}).${made.outputs.indexOf(v)}` : "x";
  });
  const [base] = bases;
  if (
    bases.size !== 1 ||
    keys.includes(null) ||
    count(base.shape) !== count(n.outputs[0].shape) ||
    base.shape[0] !== n.outputs[0].shape[0]
  )
    return null;
  return { base, key: `${n.scope.split("/")[0]} ${n.op} ${JSON.stringify(n.attributes)} ${keys.join()}` };
}

/** Pieces of what is done at once, by the tensors whose places they take. */
function atOnce(group: readonly Branch[]): ReadonlyMap<Value, Value> {
  const [{ base, nodes }] = group;
  const made = new Map<Value, Value>([
    [
      base,
      concat(
        group.map((branch) => branch.base),
        0,
      ),
    ],
  ]);
  for (const n of nodes) {
    const inputs = n.inputs.map((v) => v && (made.get(v) ?? v));
    const types = n.outputs.map(({ dtype, shape }) => ({
      dtype,
      shape: [(shape[0] as number) * group.length, ...shape.slice(1)],
    }));
    const outputs = node(n.op, inputs, n.attributes, types, n.domain, n.scope).outputs;
    for (const [i, v] of n.outputs.entries()) made.set(v, outputs[i]);
  }
  const replaced = new Map<Value, Value>();
  for (const [k, n] of nodes.entries())
    for (const [i, v] of n.outputs.entries()) {
      const whole = made.get(v) as Value;
      const rows = group.map(() => v.shape[0] as number);
      const pieces = group[0].roots.includes(v) ? split(whole, rows, 0) : rows.map(() => whole);
      for (const [at, branch] of group.entries()) replaced.set(branch.nodes[k].outputs[i], pieces[at]);
    }
  return replaced;
}
