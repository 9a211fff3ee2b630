/**
 * How an epoch's batches become runs of the step's programs: one step a run, or several, where every run copies the whole
 * state (all providers without device tensors in Node). Both give the same numbers, bit for bit.
 */
import { type DenseArray, elements } from "../array.js";
import {
  compileRepeated,
  fusedStep,
  levelsOf,
  type Phase,
  type Program,
  stepCount,
  stepPrograms,
  type Target,
} from "../artifacts/index.js";
import type { Batch } from "../data/index.js";
import type { Recipe } from "../recipe/index.js";
import { type Engine, providers } from "../runtime/index.js";
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
   * Takes the batch at a position, and its memory back.
   *
   * @returns batches that have run, in order, once each
   */
  take(batch: Batch, position: Position, assignments: readonly Int32Array[]): Promise<readonly Stepped[]>;
  /** Runs what is gathered. @returns the batches not told of before */
  flush(): Promise<readonly Stepped[]>;
  /** Forgets what is gathered. @returns the batches not told of before */
  discard(): Promise<readonly Stepped[]>;
}

/** Steps a run: a number, or `measured` to find out while training. */
export type StepsPerRun = number | "measured";

/** As suits where the steps run. Several take memory, which a recipe that recomputes is to save where they gain least. */
export function stepsPerRunOf(
  { backend, provider }: Pick<Engine, "backend" | "provider">,
  recipe: Recipe,
): StepsPerRun {
  if (backend === "ort-training" || (provider === "cpu" && recipe.recompute)) return 1;
  return providers[provider].stepsPerRun;
}

/** The stepper of a phase; its programs are not loaded yet. Gradients that accumulate are run one batch at a time. */
export function stepperOf(engine: Engine, plan: Plan, phase: Phase, target: Target, stepsPerRun: StepsPerRun): Stepper {
  if (stepsPerRun === 1 || plan.recipe.accumulation > 1)
    return new OneByOne(engine, plan, stepPrograms(plan.settings, phase, target));
  const program = compileRepeated(fusedStep(plan.settings, phase, levelsOf(target)), target, measured);
  return new Several(engine, plan, program, stepsPerRun);
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
  discard = this.flush;
}

/** What the feeds of a run may take, in bytes. */
const feedRoom = 1 << 26;

/** Batches are gathered while the run of those before them goes on. */
class Several implements Stepper {
  readonly programs: readonly Program[];
  private readonly draws: SelectionDraws;
  private length: RunLength | null = null;
  private gathered: Position[] = [];
  /** The feeds of the batches gathered, one after another. */
  private readonly stacks = new Map<string, DenseArray>();
  private running: Promise<readonly Stepped[]> = Promise.resolve([]);

  constructor(
    private readonly engine: Engine,
    private readonly plan: Plan,
    private readonly program: Program,
    private readonly stepsPerRun: StepsPerRun,
  ) {
    this.programs = [program];
    this.draws = new SelectionDraws(plan.settings, plan.recipe.seed, program);
  }

  async take(batch: Batch, from: Position, assignments: readonly Int32Array[]): Promise<readonly Stepped[]> {
    const drawn = this.draws.of(batchNumber(this.plan, from));
    const fed = stepFeeds(this.plan, from, this.program, batch, assignments, drawn);
    const bytes = Object.values(fed).reduce((sum, { data }) => sum + data.byteLength, 0);
    this.length ??= new RunLength(this.stepsPerRun, feedRoom / bytes);
    for (const [name, tensor] of Object.entries(fed)) this.stack(name, tensor, this.length.next);
    batch.release();
    this.gathered.push(from);
    return this.gathered.length >= this.length.next ? this.start() : [];
  }

  async flush(): Promise<readonly Stepped[]> {
    return [...(await this.start()), ...(await this.discard())];
  }

  async discard(): Promise<readonly Stepped[]> {
    this.gathered = [];
    const { running } = this;
    this.running = Promise.resolve([]);
    return running;
  }

  /** Puts a feed after those of the batches gathered. */
  private stack(name: string, { shape, data }: DenseArray, rows: number): void {
    const place = this.gathered.length * data.length;
    let all = this.stacks.get(name)?.data as Float32Array | undefined;
    if (!all || all.length < place + data.length) {
      const Kind = data.constructor as Float32ArrayConstructor;
      const larger = new Kind(Math.max(rows, this.gathered.length + 1) * data.length);
      if (all) larger.set(all);
      all = larger;
    }
    all.set(data as Float32Array, place);
    this.stacks.set(name, { shape, data: all });
  }

  /** Starts a run of what is gathered once the one before has ended. @returns the batches of that one */
  private async start(): Promise<readonly Stepped[]> {
    const before = await this.running;
    const { gathered } = this;
    this.gathered = [];
    this.running = gathered.length > 0 ? this.run(gathered) : Promise.resolve([]);
    this.running.catch(() => {}); // told to who awaits it
    return before;
  }

  private async run(positions: readonly Position[]): Promise<readonly Stepped[]> {
    const steps = positions.length;
    const fed: Record<string, DenseArray> = { [stepCount]: { shape: [], data: BigInt64Array.of(BigInt(steps)) } };
    for (const [name, { shape, data }] of this.stacks) {
      const used = (data as Float32Array).subarray(0, steps * elements(shape));
      fed[name] = { shape: [steps, ...shape], data: used };
    }
    const began = performance.now();
    const out = await this.engine.run(this.program.name, fed, stepOutputs(this.program)); // has copied what it is fed
    this.length?.observe(steps, (performance.now() - began) / 1000);
    return positions.map((from, i) => ({ from, out: row(out, i, steps) }));
  }
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
