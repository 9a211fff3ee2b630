/** Tensors that a graph holds as one vector, in an order that lets few nodes take it apart. */
import type { Shape } from "../../value.js";

interface Member {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Inputs (or outputs) of a graph that become one vector of that name, one after another. */
export interface Family {
  readonly name: string;
  readonly members: readonly Member[];
}

/** What tensors of more than one dimension share when they can be stacked on their first. */
const stackKey = (shape: Shape): string => (shape.length > 1 ? shape.slice(1).join() : "");

/**
 * The places of shapes in their vector: those that stack on their first dimension side by side, in the order in which they are
 * met, vectors last. It depends on nothing but the shapes and their order, so families of like tensors line up.
 */
export function memberOrder(shapes: readonly Shape[]): readonly number[] {
  const keys = [...new Set(shapes.map(stackKey))].filter((key) => key !== "");
  const rank = (i: number) => {
    const key = stackKey(shapes[i]);
    return key === "" ? keys.length : keys.indexOf(key);
  };
  return shapes.map((_, i) => i).sort((a, b) => rank(a) - rank(b) || a - b);
}

/** Runs of members that stack on their first dimension; every vector is a run of its own. */
export function stacks(members: readonly Member[]): readonly (readonly Member[])[] {
  const runs: Member[][] = [];
  for (const member of members) {
    const last = runs.at(-1);
    if (last && member.shape.length > 1 && stackKey(last[0].shape) === stackKey(member.shape)) last.push(member);
    else runs.push([member]);
  }
  return runs;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((p, d) => p * d, 1);
