/**
 * What several processes that train a run together do otherwise than one alone. Who starts them passes it in: who never has more than
 * one, as a page, holds none of it.
 */
import type { CompileTarget } from "../compileTarget.js";
import type { Engine } from "../engine/index.js";
import type { Phase, StateMemory } from "../programs/index.js";
import type { World } from "../world/index.js";
import type { Plan } from "./plan.js";
import { RankStepper } from "./rankStepper.js";
import { shareState } from "./sharedState.js";
import type { Steps } from "./stepper.js";

/** How processes train together. */
export interface Together {
  readonly world: World;
  /** Gives all engines process 0's state. @returns process 0's assignments */
  shareState(
    engine: Engine,
    memory: StateMemory,
    plan: Plan,
    assignments: readonly Int32Array[],
  ): Promise<readonly Int32Array[]>;
  /** A phase's steps, of which each process does its part. */
  steps(engine: Engine, plan: Plan, phase: Phase, target: CompileTarget, memory: StateMemory): Steps;
}

/** The processes of a world as they train together; undefined of one that is alone. */
export const together = (world: World): Together | undefined =>
  world.size === 1
    ? undefined
    : {
        world,
        shareState: (...given) => shareState(world, ...given),
        steps: (...given) => new RankStepper(...given, world),
      };
