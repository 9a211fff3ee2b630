#!/usr/bin/env node
/**
 * The command `hcsc`. Results go to stdout, errors and progress to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage,
 * 130 interrupted.
 */
import { inspect } from "node:util";
import { CommanderError } from "commander";
import { HcscError, InterruptedError, UsageError } from "../errors.js";
import { interruptedCode } from "./interrupt.js";
import { advised, shown } from "./print.js";
import { program } from "./program.js";

const verbose = process.argv.includes("--verbose");

// A reader that leaves (`| head`), or a terminal that closes, ends no work: what would be told is dropped.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (!["EPIPE", "EIO", "ECONNRESET"].includes(error.code ?? "")) throw error;
  });

try {
  await program().parseAsync(process.argv);
} catch (error) {
  process.exitCode = exitCode(error);
  if (!(error instanceof CommanderError)) {
    process.stderr.write(shown(`hcsc: ${wordsOf(error)}\n`));
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof HcscError)) return error.stack ?? error.message;
  return verbose ? advised({ message: inspect(error), settings: error.settings }) : advised(error);
}

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof InterruptedError) return interruptedCode;
  return error instanceof UsageError ? 2 : 1;
}
