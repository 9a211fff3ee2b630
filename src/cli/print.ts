/** Printing: results to stdout, warnings and news to stderr, with the flags that bear on them. */
import type { Advice, Setting } from "../errors.js";
import { asText, oneLine } from "../text.js";

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
  test: "--test",
};

/** A message with the flags that what it advises is given by. */
export const advised = ({ message, settings }: Advice): string =>
  settings.length === 0 ? message : `${message} (see ${settings.map((setting) => flags[setting]).join(", ")})`;

const warned = new Set<string>();

/** Says a thing once, however often a set is opened. */
export const warn = (message: string): void => {
  if (!warned.has(message)) process.stderr.write(`warning: ${oneLine(message)}\n`);
  warned.add(message);
};

export const tell = (message: string): void => {
  process.stderr.write(`${oneLine(message)}\n`);
};
