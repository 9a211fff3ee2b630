/** Ctrl-C, SIGTERM, SIGUSR2 (which Open MPI's launcher passes on) and a terminal that closes, as a wish to stop at the next good place; a second Ctrl-C stops at once. */
import { errorClasses } from "../errors.js";

/** The exit code of what was interrupted. */
export const interruptedCode = errorClasses.InterruptedError.exitCode;

/** Of which a second does no more than the first: a terminal that closes sends SIGHUP twice, itself and by its shell, and launchers may repeat theirs. */
const patient = ["SIGHUP", "SIGUSR2"] as const;

export async function interruptible<T>(use: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = new AbortController();
  const onSignal = () => {
    // A second one kills.
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    interrupt.abort();
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  for (const signal of patient) process.on(signal, onSignal);
  try {
    return await use(interrupt.signal);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    for (const signal of patient) process.off(signal, onSignal);
  }
}
