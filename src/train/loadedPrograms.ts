/** What of a run is loaded on its engine: the programs of one phase's steps, and the encoder that clusterings ask. */
import type { Phase, StateMemory } from "../programs/index.js";
import { type KeyEncoder, keyEncoderOf } from "./keyEncoder.js";
import type { Plan } from "./plan.js";
import { Stepper, type Steps } from "./stepper.js";
import type { TrainOptions } from "./trainOptions.js";

export class LoadedPrograms {
  readonly keyEncoder: KeyEncoder;
  private loaded: { readonly phase: Phase; readonly stepper: Steps } | null = null;

  constructor(
    private readonly options: Pick<TrainOptions, "engine" | "target" | "run" | "together">,
    private readonly plan: Plan,
    private readonly memory: StateMemory,
  ) {
    this.keyEncoder = keyEncoderOf(options.engine, plan, options.target, memory);
  }

  /** The steps of a phase, whose programs take the place of the other's. */
  async stepper(phase: Phase): Promise<Steps> {
    if (this.loaded?.phase === phase) return this.loaded.stepper;
    await this.unloadSteps();
    const { plan, memory } = this;
    const { engine, target, run, together } = this.options;
    const stepper = together?.steps(engine, plan, phase, target, memory) ?? new Stepper(engine, plan, phase, target);
    for (const program of stepper.programs) {
      await run.saveGraph(`${phase}-${program.name}`, program.model);
      await engine.load(program.name, program.model, { ...program, captured: true });
    }
    this.loaded = { phase, stepper };
    return stepper;
  }

  async unload(): Promise<void> {
    await this.unloadSteps();
    await this.keyEncoder.unload();
  }

  private async unloadSteps(): Promise<void> {
    for (const p of this.loaded?.stepper.programs ?? []) await this.options.engine.unload(p.name);
    this.loaded = null;
  }
}
