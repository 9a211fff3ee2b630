/**
 * The engine's state as plain tensors: programs may keep some in a target's own memory order (blocked filters), which is
 * undone on reading and done on writing, so that nothing above sees it.
 */
import type { DenseArray } from "../array.js";
import type { Program } from "../artifacts/index.js";
import { fromStored, type Layout, toStored } from "../graph/lower/index.js";
import type { Engine } from "../runtime/index.js";

export class DeviceState {
  private readonly layouts = new Map<string, Layout>();

  constructor(private readonly engine: Engine) {}

  /** Loads a program and brings the state it shares to its layouts. */
  async load(program: Program): Promise<void> {
    const held = new Set(await this.engine.names());
    const moving = Object.keys(program.layouts).filter(
      (n) => held.has(n) && !sameLayout(this.layouts.get(n), program.layouts[n]),
    );
    const plain = await this.read(moving);
    for (const [name, layout] of Object.entries(program.layouts)) this.layouts.set(name, layout);
    await this.write(plain);
    await this.engine.load(program.name, program.model, { state: program.state });
  }

  async write(tensors: Readonly<Record<string, DenseArray>>): Promise<void> {
    await this.engine.write(
      Object.fromEntries(Object.entries(tensors).map(([name, value]) => [name, this.convert(name, value, toStored)])),
    );
  }

  /** @param names - all tensors if absent */
  async read(names?: readonly string[]): Promise<Record<string, DenseArray>> {
    const stored = await this.engine.read(names);
    return Object.fromEntries(
      Object.entries(stored).map(([name, value]) => [name, this.convert(name, value, fromStored)]),
    );
  }

  private convert(name: string, value: DenseArray, by: typeof toStored): DenseArray {
    const layout = this.layouts.get(name);
    return layout ? by(layout, value as DenseArray<Float32Array>) : value;
  }
}

const sameLayout = (a: Layout | undefined, b: Layout): boolean => JSON.stringify(a) === JSON.stringify(b);
