/** Printing: results to stdout, warnings, errors and news to stderr, with the flags that bear on them. */
import { type Advice, type ErrorData, HcscError, type Setting } from "../errors.js";
import { asText } from "../text.js";

/** Prints `result` as JSON when asked, else the lines. */
export function print(json: boolean | undefined, result: unknown, lines: readonly string[]): void {
  process.stdout.write(asText(json, result, lines));
}

/** What the command line calls what rooms below name in words. */
const flags: Readonly<Record<Setting, string>> = {
  copy: "--copy",
  data: "--data",
  epochs: "--epochs",
  images: "--images",
  learningRate: "--learning-rate",
  out: "--out",
  partial: "--partial",
  port: "--port",
  provider: "--provider",
  recipe: "--recipe",
  resume: "--resume",
  run: "--run",
  set: "--set",
  sources: "--help",
  split: "--split",
  test: "--test",
};

/** A message with the flags that what it advises is given by. */
export const advised = ({ message, settings = [] }: Advice): string =>
  settings.length === 0 ? message : `${message} (see ${settings.map((setting) => flags[setting]).join(", ")})`;

/** An error for people: its words, with the flags that mend it; its stack where asked for, or where it is none of ours. */
export function errorText(error: unknown, verbose: boolean): string {
  if (!(error instanceof HcscError)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  return advised({ message: (verbose && error.stack) || error.message, settings: error.settings });
}

/** What `--json` prints of an error. */
interface PrintedError extends Omit<ErrorData, "name" | "code"> {
  readonly name: string;
  /** `unexpected`: it is none of the library's, and the stack is given. */
  readonly code: string;
  /** The flags that its settings are given by. */
  readonly flags: readonly string[];
  readonly stack?: string;
}

/** An error for programs, with the flags that mend it. */
export function errorData(error: unknown, verbose: boolean): PrintedError {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const shown = stack === undefined ? {} : { stack };
  if (!(error instanceof HcscError))
    return { name, code: "unexpected", subject: {}, settings: [], flags: [], message, ...shown };
  return {
    ...error.toJSON(),
    flags: error.settings.map((setting) => flags[setting]),
    ...(verbose ? shown : {}),
  };
}

const warned = new Set<string>();

/** Says a thing once, however often a set is opened. */
export const warn = (message: string): void => {
  if (!warned.has(message)) process.stderr.write(`warning: ${message}\n`);
  warned.add(message);
};

export const tell = (message: string): void => {
  process.stderr.write(`${message}\n`);
};
