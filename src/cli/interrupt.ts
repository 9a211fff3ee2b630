/** Ctrl-C, SIGTERM and a terminal that closes, as a wish to stop at the next good place; a second Ctrl-C stops at once. */
import { errorClasses } from "../errors.js";

/** The exit code of what was interrupted. */
export const interruptedCode = errorClasses.InterruptedError.exitCode;

export async function interruptible<T>(use: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = new AbortController();
  const onSignal = () => {
    // A second one kills; but a terminal that closes sends SIGHUP twice, itself and by its shell.
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    interrupt.abort();
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal).on("SIGHUP", onSignal);
  try {
    return await use(interrupt.signal);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal).off("SIGHUP", onSignal);
  }
}
