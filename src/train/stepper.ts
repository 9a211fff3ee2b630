/**
 * How an epoch's batches become runs of the step's programs. While a run goes on, the next batch is gathered and waits behind it,
 * so that the engine never waits for feeds.
 */

import type { DenseArray } from "../array.js";
import type { CompileTarget } from "../compileTarget.js";
import type { Batch } from "../data/index.js";
import type { Engine } from "../engine/index.js";
import { type Phase, type Program, stepPrograms } from "../programs/index.js";
import type { Position } from "./checkpoint.js";
import { SelectionDraws } from "./draws.js";
import { stepOutputs } from "./metrics.js";
import { advanced, batchNumber, type Plan } from "./plan.js";
import { rateFeeds, stepFeeds } from "./stepFeeds.js";

/** A batch that was run. */
export interface Stepped {
  readonly from: Position;
  /** `measured` results. */
  readonly out: Readonly<Record<string, DenseArray>>;
}

/** How batches are run: what training drives. Its programs are to be loaded first. */
export interface Steps {
  readonly programs: readonly Program[];
  /** Takes the batch at a position, and its memory back. @returns batches that have run meanwhile */
  take(batch: Batch, from: Position, assignments: readonly Int32Array[]): Promise<readonly Stepped[]>;
  /** @returns those that were still to run */
  finish(): Promise<readonly Stepped[]>;
}

const nothing: Promise<readonly Stepped[]> = Promise.resolve([]);

/** The steps of a phase; its programs are to be loaded first. */
export class Stepper implements Steps {
  readonly programs: readonly Program[];
  private readonly draws: SelectionDraws;
  private running = nothing;

  constructor(
    private readonly engine: Engine,
    private readonly plan: Plan,
    phase: Phase,
    target: CompileTarget,
  ) {
    this.programs = stepPrograms(plan.settings, phase, target);
    this.draws = new SelectionDraws(plan.settings, plan.recipe.seed, this.programs[0]);
  }

  /**
   * Starts the batch at a position once those before it have run, and takes its memory back.
   *
   * @returns the batch before it, when that has run
   */
  async take(batch: Batch, from: Position, assignments: readonly Int32Array[]): Promise<readonly Stepped[]> {
    const before = this.running;
    const drawn = this.draws.of(batchNumber(this.plan, from));
    const fed = stepFeeds(this.plan, from, this.programs[0], batch, assignments, drawn);
    this.running = this.run(fed, from); // copies its feeds before it returns
    this.running.catch(() => {}); // reported to whoever awaits it
    batch.release();
    this.draws.of(batchNumber(this.plan, advanced(this.plan, from)));
    return before;
  }

  /** @returns the last batch, when it has run */
  finish(): Promise<readonly Stepped[]> {
    const { running } = this;
    this.running = nothing;
    return running;
  }

  private async run(fed: Readonly<Record<string, DenseArray>>, from: Position): Promise<readonly Stepped[]> {
    const [main, apply] = this.programs;
    const updates = advanced(this.plan, from).step > from.step;
    const [out] = await Promise.all([
      this.engine.run(main.name, fed, stepOutputs(main)),
      ...(apply && updates ? [this.engine.run(apply.name, rateFeeds(this.plan, from, apply), [])] : []),
    ]);
    return [{ from, out }];
  }
}
