/** Printing: results to stdout, warnings, errors and news to stderr, with the flags that bear on them. */
import { inspect } from "node:util";
import { type Advice, type ErrorData, errorClasses, HcscError, type Setting } from "../errors.js";
import { asText, inPlainSigns, oneLine } from "../text.js";

/** Whether the terminal is said to know no more than ASCII. */
export const isPlain: boolean = /^(C|POSIX)$/.test(
  process.env.LC_ALL || process.env.LC_CTYPE || process.env.LANG || "",
);

/** Words for people as their terminal can show them. */
export const shown = (text: string): string => (isPlain ? inPlainSigns(text) : text);

/** Prints `result` as JSON when asked, else the lines. */
export function print(json: boolean | undefined, result: unknown, lines: readonly string[]): void {
  process.stdout.write(asText(json, result, lines.map(shown)));
}

/** What the command line calls what rooms below name in words. */
const flags: Readonly<Record<Setting, string>> = {
  batchSize: "--batch-size",
  copy: "--copy",
  data: "--data",
  epochs: "--epochs",
  images: "--images",
  labels: "--labels",
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

/** An error for people: its words, with the flags that mend it; its stack and those of its causes where asked for, its stack too where it is none of ours. */
export function errorText(error: unknown, verbose: boolean): string {
  if (!(error instanceof HcscError)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  return advised({ message: verbose ? inspect(error) : error.message, settings: error.settings });
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
  const where = stack === undefined ? {} : { stack };
  if (!(error instanceof HcscError))
    return { name, code: "unexpected", subject: {}, settings: [], flags: [], message, ...where };
  return {
    ...error.toJSON(),
    flags: error.settings.map((setting) => flags[setting]),
    ...(verbose ? where : {}),
  };
}

/** Prints what went wrong: for people, or as JSON. */
export function printError(
  error: unknown,
  { json, verbose }: { readonly json: boolean; readonly verbose: boolean },
): void {
  const text = json
    ? JSON.stringify({ error: errorData(error, verbose) })
    : shown(`hcsc: ${errorText(error, verbose)}`);
  process.stderr.write(`${text}\n`);
}

/** The exit code of what went wrong. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof HcscError)) return 1;
  const { name }: HcscError = error;
  return errorClasses[name].exitCode;
}

const warned = new Set<string>();

export const forgetWarnings = (): void => warned.clear();

/** Says a thing once in a command line, however often a set is opened. */
export const warn = (message: string): void => {
  if (!warned.has(message)) process.stderr.write(shown(`warning: ${oneLine(message)}\n`));
  warned.add(message);
};

export const tell = (message: string): void => {
  process.stderr.write(shown(`${oneLine(message)}\n`));
};
