/** State tensors by name, with two places each where that spares copies: a run reads one and writes the other. */
import { said, UsageError } from "../errors.js";
import { isKnown, isOf } from "./fit.js";
import type { TensorInfo } from "./messages.js";
import type { Held, Runner } from "./runner.js";

export class HeldState<H extends Held> {
  private readonly state = new Map<string, H>();
  /** The other place of a state tensor, if it has one. */
  private readonly spares = new Map<string, H>();

  constructor(private readonly runner: Pick<Runner<H>, "room" | "free">) {}

  get(name: string): H | undefined {
    return this.state.get(name);
  }

  /** Puts a tensor in the place of one that is freed already, or the same. */
  set(name: string, held: H): void {
    this.state.set(name, held);
  }

  names(): readonly string[] {
    return [...this.state.keys()];
  }

  /** Where a run is to write the next value of a state tensor; null where its size is not known before. */
  placeOf(name: string, outputs: readonly TensorInfo[], output: string, overwritten: boolean): H | null {
    const { dtype, shape } = outputs.find((o) => o.name === output) as TensorInfo;
    if (!isKnown(shape)) return null;
    const current = this.state.get(name);
    if (overwritten && current && isOf(current, dtype, shape)) return current;
    const spare = this.spares.get(name);
    if (spare && isOf(spare, dtype, shape)) return spare;
    this.forgetSpare(name);
    const made = this.runner.room(dtype, shape);
    if (made) this.spares.set(name, made);
    return made;
  }

  /** Takes the next value of a state tensor. Of two places that change roles, the next run writes to the old one. */
  adopt(name: string, next: H): void {
    const old = this.state.get(name);
    this.state.set(name, next);
    if (old === next) return;
    const spare = this.spares.get(name);
    if (spare === next) this.spares.delete(name);
    if (old && spare === next && isOf(old, next.dtype, next.shape)) this.spares.set(name, old);
    else if (old) this.runner.free(old);
  }

  forgetSpare(name: string): void {
    const spare = this.spares.get(name);
    this.spares.delete(name);
    if (spare) this.runner.free(spare);
  }

  /** Forgets tensors that a failed run may have partly written over. */
  lose(overwritten: ReadonlySet<string>): void {
    this.drop([...overwritten].filter((name) => this.state.has(name)));
  }

  required(name: string, verb: string): H {
    const tensor = this.state.get(name);
    if (!tensor)
      throw new UsageError(
        "unknown-name",
        said`the state has no ${{ tensor: name }} to ${verb}. It has ${this.names().join(", ") || "nothing"}.`,
      );
    return tensor;
  }

  drop(names: readonly string[] | null): void {
    const dropped = (names ?? this.names()).map((name) => [name, this.required(name, "drop")] as const);
    for (const [name, tensor] of dropped) {
      this.state.delete(name);
      this.runner.free(tensor);
      this.forgetSpare(name);
    }
  }
}
