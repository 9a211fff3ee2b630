/** One command line from its words to its exit code. */
import { CommanderError } from "commander";
import { UsageError } from "../errors.js";
import { exitCodeOf, forgetWarnings, printError } from "./print.js";
import { rootCommand } from "./rootCommand.js";

/**
 * Runs a command: results go to stdout, errors and progress to stderr. Sets `process.exitCode`: 0 done, 1 failed, 2 wrong usage, 130
 * interrupted. Any number of command lines may run in a process, one after another.
 *
 * @param words - without the program's own name, such as `["train", "--recipe", "demo"]`
 */
export async function runCommandLine(words: readonly string[]): Promise<void> {
  const json = words.includes("--json");
  const verbose = words.includes("--verbose");
  forgetWarnings();
  try {
    await rootCommand({ silent: json }).parseAsync([...words], { from: "user" });
  } catch (thrown) {
    // Help and the version are thrown too; what else commander throws, it has said itself unless it was told to be silent.
    const isDone = thrown instanceof CommanderError && thrown.exitCode === 0;
    const error = thrown instanceof CommanderError ? misread(thrown) : thrown;
    process.exitCode = isDone ? 0 : exitCodeOf(error);
    if (!isDone && (json || error === thrown)) printError(error, { json, verbose });
  }
}

function misread({ message }: CommanderError): UsageError {
  return new UsageError("wrong-arguments", message.replace(/^error: /, "").replaceAll("\n", " "));
}
