import type { ErrorCode, ErrorName } from "./errorCodes.js";
import type { Sentence, Subject } from "./sentence.js";
import { oneLine } from "./text.js";

export { type ErrorCode, type ErrorName, errorClasses } from "./errorCodes.js";
export { type Sentence, type Subject, said } from "./sentence.js";

/** What callers give, by name. Messages speak of it in words; the command line adds its flag. */
export type Setting =
  | "batchSize"
  | "copy"
  | "data"
  | "epochs"
  | "images"
  | "labels"
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
  | "split"
  | "test";

/** Words about what a caller may change. */
export interface Advice {
  readonly message: string;
  /** Default none. */
  readonly settings?: readonly Setting[];
}

/** An error as plain data: what programs read, and what crosses threads. */
export interface ErrorData<N extends ErrorName = ErrorName> extends Sentence {
  readonly name: N;
  readonly code: ErrorCode<N>;
  readonly settings: readonly Setting[];
}

const place = "\n    at ";

/**
 * The errors of the library, classed by what a caller can do about them: a code, the things that it is about, and a sentence
 * that says what was wrong, where, and what to do. The command line prints the sentence with the flags of its {@link Setting}s,
 * or all of it as JSON.
 */
export class HcscError<N extends ErrorName = ErrorName> extends Error implements Sentence {
  /** What went wrong: one of the class's codes in `errorClasses`. */
  readonly code: ErrorCode<N>;
  /** The file, field, tensor, shape and so on that the message names. */
  readonly subject: Subject;
  /** What to give otherwise, or besides, to mend it. */
  readonly settings: readonly Setting[];

  /** @param sentence - words, or what `said` makes of them and the things they name */
  constructor(
    code: ErrorCode<N>,
    sentence: string | Sentence,
    { settings = [], ...options }: ErrorOptions & { readonly settings?: readonly Setting[] } = {},
  ) {
    const { message, subject } = typeof sentence === "string" ? { message: sentence, subject: {} } : sentence;
    // It may quote what a file holds. Only where in a program it came from is said on lines of its own.
    super(message.split(place).map(oneLine).join(place), options);
    this.code = code;
    this.subject = subject;
    this.settings = settings;
  }

  override get name(): N {
    // By the table, as bundlers shorten the names of classes.
    return (Object.keys(classes) as ErrorName[]).find((name) => this instanceof classes[name]) as N;
  }

  /** All of it but the cause and the stack. */
  toJSON(): ErrorData<N> {
    const { name, code, subject, settings, message } = this;
    return { name, code, subject, settings, message };
  }
}

/** A recipe, option or argument is wrong: change it. Exit code 2. */
export class UsageError extends HcscError<"UsageError"> {}

/** Images, labels or files of a data set cannot be used: change the data. */
export class DataError extends HcscError<"DataError"> {}

/** Dtypes or shapes of a graph's values do not fit: raised where the op is called. */
export class ShapeError extends HcscError<"ShapeError"> {}

/** A graph or model cannot be built, differentiated, read or lowered. */
export class GraphError extends HcscError<"GraphError"> {}

/** A checkpoint or tensor file is damaged or belongs to another recipe. */
export class CheckpointError extends HcscError<"CheckpointError"> {}

/** An execution provider is absent or cannot run what was asked. */
export class ProviderError extends HcscError<"ProviderError"> {}

/** Someone stopped it before it was done. Exit code 130. */
export class InterruptedError extends HcscError<"InterruptedError"> {}

/** Training cannot go on: a loss or gradient is not finite, or runs of a sweep have failed. */
export class TrainingError extends HcscError<"TrainingError"> {}

const classes = {
  UsageError,
  DataError,
  ShapeError,
  GraphError,
  CheckpointError,
  ProviderError,
  InterruptedError,
  TrainingError,
} as const satisfies { readonly [N in ErrorName]: unknown };

/** The error that plain data is of: what {@link HcscError.toJSON} made of it, in another thread. */
export function errorFrom({ name, code, settings, ...sentence }: ErrorData): HcscError {
  const Class = classes[name] as new (...given: ConstructorParameters<typeof HcscError>) => HcscError;
  return new Class(code, sentence, { settings });
}
