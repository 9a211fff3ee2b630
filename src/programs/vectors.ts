/** Which tensors of the state are held as vectors on devices (`graph/passes/flat/`), and in which order. */
import { type Family, memberOrder, type Shape } from "../graph/index.js";
import { slotNames } from "../optim/index.js";
import { encoderSpecs } from "./encoder.js";
import { next, state, vectorOf } from "./names.js";
import type { StepSettings } from "./stepSettings.js";

/** A tensor of the state. */
export interface Named {
  readonly name: string;
  readonly shape: Shape;
}

const layerOf = (name: string): string => name.slice(name.lastIndexOf("/") + 1, name.lastIndexOf("."));

/** Tensors of one kind side by side, as they are computed alike: biases of layers with matrices, other biases, weights. */
function byKind(tensors: readonly Named[]): readonly Named[] {
  const withMatrix = new Set(tensors.filter(({ shape }) => shape.length > 1).map(({ name }) => layerOf(name)));
  const keyOf = ({ name }: Named) =>
    `${name.slice(name.lastIndexOf("."))} ${Number(!withMatrix.has(layerOf(name)))} ${name}`;
  return [...tensors].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** The families of state tensors, the same whatever the order in which these are given. */
export function stateVectors(tensors: readonly Named[]): readonly Family[] {
  const members = new Map<string, Named[]>();
  for (const tensor of byKind(tensors)) {
    const vector = vectorOf(tensor.name);
    if (vector !== null) members.set(vector, [...(members.get(vector) ?? []), tensor]);
  }
  return [...members].map(([name, unordered]) => ({
    name,
    members: memberOrder(unordered.map((t) => t.shape)).map((i) => unordered[i]) as Family["members"],
  }));
}

/**
 * The tensors of a step's state that belong to parameters, in plain form.
 *
 * @param addsGradients - whether gradients are among them
 */
export function stateTensors(
  s: Pick<StepSettings, "encoder" | "optimizer" | "accumulation">,
  addsGradients = s.accumulation > 1,
): readonly Named[] {
  return encoderSpecs(s.encoder).flatMap(({ name, shape, trainable }) => {
    const encoders = [state.query(name), state.key(name)];
    const slots = slotNames[s.optimizer.kind].map((slot) => state.optimizer(slot, name));
    const learned = trainable ? [...slots, ...(addsGradients ? [state.gradient(name)] : [])] : [];
    return [...encoders, ...learned].map((full) => ({ name: full, shape }));
  });
}

/** The outputs that replace the members of a family. */
export const nextVector = ({ name, members }: Family): Family => ({
  name: next(name),
  members: members.map((m) => ({ ...m, name: next(m.name) })),
});
