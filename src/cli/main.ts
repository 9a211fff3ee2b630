#!/usr/bin/env node
/** The command `hcsc`. Results go to stdout, errors and progress to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage. */
import { CommanderError } from "commander";
import { HcscError, UsageError } from "../errors.js";
import { program } from "./program.js";

const verbose = process.argv.includes("--verbose");

try {
  await program().parseAsync(process.argv);
} catch (error) {
  process.exitCode = exitCode(error);
  if (!(error instanceof CommanderError)) {
    const known = error instanceof HcscError && !verbose;
    process.stderr.write(`hcsc: ${known ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  }
}

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return error instanceof UsageError ? 2 : 1;
}
