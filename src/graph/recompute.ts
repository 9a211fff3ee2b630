/**
 * Recomputation of cheap activations (Chen et al. 2016, arXiv 1604.06174). Batch normalisation keeps its centred images for the
 * gradient anyway; what follows, a factor, a sum, a ReLU, is a pass over memory and no convolution. So the backward pass makes
 * that again where it reads it, bit for bit, and the forward pass need not keep it.
 *
 * What is made again must neither be made early nor be merged with the first: its bias waits for a number of the backward pass.
 */
import { apply, applyAll, slice, where } from "./apply.js";
import { constant, type Node, producer, scopeAt, type Value } from "./value.js";

const always = (): Value => constant([1], [], "bool");

export class Recomputation {
  private readonly made = new Map<Value, Value>();
  /** How many convolutions read a value. An image that two read starts a stage: it is kept, or all before it would be made again. */
  private readonly convolutions = new Map<Value, number>();
  /** Of the backward pass, what was made last that is small: the gradient of a normalisation's scale [C]. */
  private latest: Value | null = null;

  /** @param forward - the nodes of the forward pass */
  constructor(forward: readonly Node[]) {
    for (const { op, inputs } of forward)
      if (op === "Conv" && inputs[0]) this.convolutions.set(inputs[0], (this.convolutions.get(inputs[0]) ?? 0) + 1);
  }

  /** Told of the cotangents that each rule gives. */
  passed(node: Node, cotangents: readonly (Value | null)[]): void {
    if (node.op === "BatchNormTrain") this.latest = cotangents[1] ?? this.latest;
  }

  /** `value` as the backward pass is to read it. */
  again(value: Value): Value {
    if (!this.latest || producer(value)?.op !== "Relu" || (this.convolutions.get(value) ?? 0) > 1) return value;
    const made = this.made.get(value) ?? this.remade(value, this.latest);
    this.made.set(value, made);
    return made;
  }

  private remade(value: Value, after: Value): Value {
    const node = producer(value);
    if (node?.op === "BatchNormTrain" && value === node.outputs[0]) {
      const [x, scale, bias] = node.inputs as readonly Value[];
      const waiting = where(always(), bias, slice(after, 0, 0, 1));
      return scopeAt(again(node), () => applyAll("BatchNormTrain", [x, scale, waiting], node.attributes, 3)[0]);
    }
    if (node?.op !== "Add" && node?.op !== "Relu") return value;
    const inputs = (node.inputs as readonly Value[]).map((v) =>
      producer(v)?.op === "Relu" ? this.again(v) : this.remade(v, after),
    );
    return inputs.every((v, i) => v === node.inputs[i])
      ? value
      : scopeAt(again(node), () => apply(node.op as "Add" | "Relu", inputs, node.attributes));
  }
}

const again = ({ scope }: Node): string => (scope ? `gradient/${scope}/again` : "gradient/again");
