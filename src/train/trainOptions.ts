/** What training is given, and where it ends. */
import type { DenseArray } from "../array.js";
import type { CompileTarget } from "../compileTarget.js";
import type { ImageSource, Loader } from "../data/index.js";
import type { Engine } from "../engine/index.js";
import type { Checkpoint, Position } from "./checkpoint.js";
import type { Reporter } from "./events.js";
import type { RunFolder } from "./runFolder.js";
import type { Together } from "./together.js";

/** What training is given. */
export interface TrainOptions {
  readonly run: RunFolder;
  readonly engine: Engine;
  readonly target: CompileTarget;
  readonly source: ImageSource;
  readonly loader: Loader;
  /** Where to go on from; absent: the beginning. Its tensors are moved to the engine: they have no elements afterwards. */
  readonly resume?: Checkpoint | undefined;
  /** What a run's encoders start from, by torchvision name, likewise; the recipe's seed gives the rest. */
  readonly initial?: Readonly<Record<string, DenseArray>> | undefined;
  readonly report: Reporter;
  /**
   * Called when an epoch is done and saved, and waited for before the next. The engine is free meanwhile, for programs of other names
   * than the step's.
   */
  readonly afterEpoch?: ((epochs: number) => Promise<void>) | undefined;
  /** Aborting finishes the step, saves and returns. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How several processes train the run together (`together` of their world); absent: this one trains alone. They give the same
   * images; where to go on from, and what to start from, is process 0's to give.
   */
  readonly together?: Together | undefined;
}

/** Where training has ended. */
export interface TrainResult {
  readonly position: Position;
  readonly checkpoint: string;
  readonly interrupted: boolean;
  /** Mean over the steps of the last epoch, or of what is done of it, in whichever sessions. */
  readonly loss: number;
  readonly seconds: number;
}
