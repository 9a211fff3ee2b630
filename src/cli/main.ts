#!/usr/bin/env node
/**
 * The command `hcsc`. Results go to stdout, errors and progress to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage,
 * 130 interrupted.
 */
import { CommanderError } from "commander";
import { errorClasses, HcscError, UsageError } from "../errors.js";
import { commandLine } from "./commandLine.js";
import { errorData, errorText, shown } from "./print.js";

const json = process.argv.includes("--json");
const verbose = process.argv.includes("--verbose");

// A reader that leaves (`| head`), or a terminal that closes, ends no work: what would be told is dropped.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (!["EPIPE", "EIO", "ECONNRESET"].includes(error.code ?? "")) throw error;
  });

try {
  await commandLine({ silent: json }).parseAsync(process.argv);
} catch (thrown) {
  // Help and the version are thrown too; what else commander throws, it has said itself unless it was told to be silent.
  const isDone = thrown instanceof CommanderError && thrown.exitCode === 0;
  const error = thrown instanceof CommanderError ? misread(thrown) : thrown;
  process.exitCode = isDone ? 0 : exitCode(error);
  if (json && !isDone) process.stderr.write(`${JSON.stringify({ error: errorData(error, verbose) })}\n`);
  else if (error === thrown) process.stderr.write(shown(`hcsc: ${errorText(error, verbose)}\n`));
}

function misread({ message }: CommanderError): UsageError {
  return new UsageError("wrong-arguments", message.replace(/^error: /, "").replaceAll("\n", " "));
}

function exitCode(error: unknown): number {
  if (!(error instanceof HcscError)) return 1;
  const { name }: HcscError = error;
  return errorClasses[name].exitCode;
}
