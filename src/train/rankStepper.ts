/** An epoch's batches on one of several processes that share each of them: what each step (`sharedStep.ts`) is given. */
import type { DenseArray } from "../array.js";
import type { CompileTarget } from "../compileTarget.js";
import type { Batch } from "../data/index.js";
import type { Engine } from "../engine/index.js";
import { feeds, type Phase, type Program, partOf, type StateMemory } from "../programs/index.js";
import { gatherAll, type World } from "../world/index.js";
import type { Position } from "./checkpoint.js";
import { keyShuffle, SelectionDraws } from "./draws.js";
import { advanced, batchNumber, type Plan } from "./plan.js";
import { ownParts } from "./ranks.js";
import { SharedStep } from "./sharedStep.js";
import { imageFeed, rateFeeds, slotFeed, stepFeeds, takenFeeds } from "./stepFeeds.js";
import type { Stepped, Steps } from "./stepper.js";

type Arrays = Readonly<Record<string, DenseArray>>;

/** The steps of a phase on a process; its programs are to be loaded first. */
export class RankStepper implements Steps {
  readonly programs: readonly Program[];
  private readonly step: SharedStep;
  /** What of a step is this process's own. */
  private readonly part: Plan;
  private readonly draws: SelectionDraws;

  constructor(
    engine: Engine,
    private readonly plan: Plan,
    phase: Phase,
    target: CompileTarget,
    memory: StateMemory,
    private readonly world: World,
  ) {
    const { settings, recipe } = plan;
    this.step = new SharedStep(engine, settings, phase, target, memory, world);
    this.programs = this.step.programs;
    this.part = { ...plan, settings: partOf(settings, world.size) };
    this.draws = new SelectionDraws(settings, recipe.seed, this.step.parts.gradient);
  }

  /** Runs the batch at a position. @param batch - this process's part of it */
  async take(batch: Batch, from: Position, assignments: readonly Int32Array[]): Promise<readonly Stepped[]> {
    const { plan, part } = this;
    const { key, gradient, apply } = this.step.parts;
    const measured = await this.step.batch({
      fed: {
        ...stepFeeds(part, from, gradient, batch, assignments, this.ownDraws(from)),
        ...this.taken(batch, assignments),
      },
      keyImages: imageFeed(part, batch.views[1]),
      shuffle: keyShuffle(plan.recipe.batchSize, plan.recipe.seed, batchNumber(plan, from)),
      keyRates: rateFeeds(part, from, key),
      slots: slotFeed(plan, from),
    });
    batch.release();
    const updates = advanced(plan, from).step > from.step;
    const updated = updates ? await this.step.update(rateFeeds(plan, from, apply)) : {};
    return [{ from, out: { ...measured, ...updated } }];
  }

  async finish(): Promise<readonly Stepped[]> {
    return [];
  }

  /** Which clusters have an image of the whole batch, where the program asks for it. */
  private taken({ indices }: Batch, assignments: readonly Int32Array[]): Arrays {
    const { gradient } = this.step.parts;
    if (!gradient.inputs.some(({ name }) => name === feeds.taken(0))) return {};
    return takenFeeds(this.plan, gatherAll(this.world, Int32Array.from(indices)), assignments);
  }

  /** The draws of this process's rows; those of columns are the same for all. */
  private ownDraws(from: Position): Arrays {
    return ownParts(this.draws.of(batchNumber(this.plan, from)), this.step.parts.gradient, this.world);
  }
}
