import { oneLine } from "./text.js";

/** What callers give, by name. Messages speak of it in words; the command line adds its flag. */
export type Setting =
  | "copy"
  | "data"
  | "epochs"
  | "images"
  | "learningRate"
  | "out"
  | "partial"
  | "port"
  | "provider"
  | "recipe"
  | "resume"
  | "run"
  | "set"
  | "sources"
  | "test";

/** Words about what a caller may change. */
export interface Advice {
  readonly message: string;
  readonly settings: readonly Setting[];
}

const place = "\n    at ";

/**
 * The errors of the library, classed by what a caller can do about them. Each message says what was wrong, where, and what
 * to do; the command line prints it (with the flags of its {@link Setting}s; its stack where that is asked for).
 */
export class HcscError extends Error {
  /** What to give otherwise, or besides, to mend it. */
  readonly settings: readonly Setting[];

  constructor(
    message: string,
    { settings = [], ...options }: ErrorOptions & { readonly settings?: readonly Setting[] } = {},
  ) {
    // It may quote what a file holds. Only where in a program it came from is said on lines of its own.
    super(message.split(place).map(oneLine).join(place), options);
    this.settings = settings;
  }

  override get name(): string {
    return this.constructor.name;
  }
}

/** A recipe, option or argument is wrong: change it. Exit code 2. */
export class UsageError extends HcscError {}

/** Images, labels or files of a data set cannot be used: change the data. */
export class DataError extends HcscError {}

/** Dtypes or shapes of a graph's values do not fit: raised where the op is called. */
export class ShapeError extends HcscError {}

/** A graph or model cannot be built, differentiated, read or lowered. */
export class GraphError extends HcscError {}

/** A checkpoint or tensor file is damaged or belongs to another recipe. */
export class CheckpointError extends HcscError {}

/** An execution provider is absent or cannot run what was asked. */
export class ProviderError extends HcscError {}

/** Someone stopped it before it was done. Exit code 130. */
export class InterruptedError extends HcscError {}

/** Training cannot go on: a loss or gradient is not finite. */
export class TrainingError extends HcscError {}
