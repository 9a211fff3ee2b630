/**
 * How an epoch's batches become runs of the step's programs: one step a run, or several, where every run copies the whole
 * state to the device and back (providers without device tensors in Node). Both give the same numbers, bit for bit.
 */
import type { DenseArray } from "../array.js";
import {
  compileRepeated,
  fusedStep,
  type Phase,
  type Program,
  stepCount,
  stepPrograms,
  type Target,
} from "../artifacts/index.js";
import type { Batch } from "../data/index.js";
import type { Engine } from "../runtime/index.js";
import type { Position } from "./checkpoint.js";
import { SelectionDraws } from "./draws.js";
import { measured, stepOutputs } from "./metrics.js";
import { advanced, batchNumber, type Plan } from "./plan.js";
import { RunLength } from "./runLength.js";
import { rateFeeds, stepFeeds } from "./stepFeeds.js";

/** A batch that was run. */
export interface Stepped {
  readonly from: Position;
  /** `measured` results. */
  readonly out: Readonly<Record<string, DenseArray>>;
}

/** The named results that a program gives. */
type Results = Readonly<Record<string, DenseArray>>;

export interface Stepper {
  readonly programs: readonly Program[];
  /**
   * Takes the batch at a position.
   *
   * @returns the batches that ran, in order: none while it gathers more
   */
  take(batch: Batch, position: Position, assignments: readonly Int32Array[]): Promise<readonly Stepped[]>;
  /** Runs what is gathered. */
  flush(): Promise<readonly Stepped[]>;
  /** Forgets what is gathered. */
  discard(): void;
}

/** Steps a run: a number, or `measured` to find out while training. */
export type StepsPerRun = number | "measured";

/** The stepper of a phase; its programs are not loaded yet. Gradients that accumulate are run one batch at a time. */
export function stepperOf(engine: Engine, plan: Plan, phase: Phase, target: Target, stepsPerRun: StepsPerRun): Stepper {
  if (stepsPerRun === 1 || plan.recipe.accumulation > 1)
    return new OneByOne(engine, plan, stepPrograms(plan.settings, phase, target));
  const program = compileRepeated(fusedStep(plan.settings, phase), target, measured);
  return new Several(engine, plan, program, new RunLength(stepsPerRun));
}

class OneByOne implements Stepper {
  private readonly draws: SelectionDraws;

  constructor(
    private readonly engine: Engine,
    private readonly plan: Plan,
    readonly programs: readonly Program[],
  ) {
    this.draws = new SelectionDraws(plan.settings, plan.recipe.seed, programs[0]);
  }

  async take(batch: Batch, from: Position, assignments: readonly Int32Array[]): Promise<readonly Stepped[]> {
    const [main, apply] = this.programs;
    const drawn = this.draws.of(batchNumber(this.plan, from));
    const fed = stepFeeds(this.plan, from, main, batch, assignments, drawn);
    const running = this.engine.run(main.name, fed, stepOutputs(main)); // has copied what it is fed
    batch.release();
    const next = advanced(this.plan, from);
    this.draws.of(batchNumber(this.plan, next)); // while the step runs
    const out = await running;
    const updates = next.step > from.step;
    if (apply && updates) await this.engine.run(apply.name, rateFeeds(this.plan, from, apply), []);
    return [{ from, out }];
  }

  flush = async (): Promise<readonly Stepped[]> => [];
  discard(): void {}
}

class Several implements Stepper {
  readonly programs: readonly Program[];
  private gathered: { readonly from: Position; readonly fed: Results; readonly release: () => void }[] = [];
  /** Of the first batch that is gathered, the second, and so on. */
  private readonly draws: SelectionDraws[] = [];

  constructor(
    private readonly engine: Engine,
    private readonly plan: Plan,
    private readonly program: Program,
    private readonly length: RunLength,
  ) {
    this.programs = [program];
  }

  async take(batch: Batch, from: Position, assignments: readonly Int32Array[]): Promise<readonly Stepped[]> {
    const { settings, recipe } = this.plan;
    const place = this.gathered.length;
    this.draws[place] ??= new SelectionDraws(settings, recipe.seed, this.program);
    const drawn = this.draws[place].of(batchNumber(this.plan, from));
    const fed = stepFeeds(this.plan, from, this.program, batch, assignments, drawn);
    this.gathered.push({ from, fed, release: batch.release });
    return this.gathered.length >= this.length.next ? this.flush() : [];
  }

  async flush(): Promise<readonly Stepped[]> {
    const { gathered } = this;
    this.discard();
    if (gathered.length === 0) return [];
    const count = { shape: [], data: BigInt64Array.of(BigInt(gathered.length)) };
    const fed = { ...stacked(gathered.map((g) => g.fed)), [stepCount]: count };
    for (const { release } of gathered) release();
    const began = performance.now();
    const out = await this.engine.run(this.program.name, fed, stepOutputs(this.program));
    this.length.observe(gathered.length, (performance.now() - began) / 1000);
    return gathered.map(({ from }, i) => ({ from, out: row(out, i, gathered.length) }));
  }

  discard(): void {
    this.gathered = [];
  }
}

/** Tensors of several steps one after another, [steps, …]. */
function stacked(steps: readonly Results[]): Results {
  return Object.fromEntries(
    Object.entries(steps[0]).map(([name, { shape, data }]) => {
      const Kind = data.constructor as Float32ArrayConstructor;
      const all = new Kind(data.length * steps.length);
      for (const [i, step] of steps.entries()) all.set(step[name].data as Float32Array, i * data.length);
      return [name, { shape: [steps.length, ...shape], data: all }];
    }),
  );
}

/** Step `i` of stacked tensors. */
function row(all: Results, i: number, steps: number): Results {
  return Object.fromEntries(
    Object.entries(all).map(([name, { shape, data }]) => {
      const size = data.length / steps;
      return [name, { shape: shape.slice(1), data: data.subarray(i * size, (i + 1) * size) }];
    }),
  );
}
