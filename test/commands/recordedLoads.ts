/** Started with `--import`: writes the address of every module that the process loads, a line each, into the file LOADED names. */
import { appendFileSync } from "node:fs";
import { register } from "node:module";

interface Loaded {
  readonly format?: string;
}

export function load<T extends Loaded>(url: string, context: unknown, next: (url: string, context: unknown) => T): T {
  appendFileSync(process.env.LOADED as string, `${url}\n`);
  return next(url, context);
}

// Hooks run in a thread of their own, where this file is loaded again.
if (!process.env.LOADED_HOOKED) {
  process.env.LOADED_HOOKED = "yes";
  register(import.meta.url);
}
