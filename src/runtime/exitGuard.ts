/**
 * Ending the process while a thread is in a native call of onnxruntime-node aborts it (exit code 134, "terminate called after
 * throwing an instance of 'Napi::Error'"). So on `exit` the calls under way end first, and threads are told to start no other.
 */
import { flag } from "../engine/index.js";

/** Flags of the engines that live, and the one listener for them all. */
const living = new Set<Int32Array>();
const longestWaitMs = 120_000;

function letNativeCallsEnd(): void {
  for (const flags of living) Atomics.store(flags, flag.stop, 1);
  for (const flags of living) Atomics.wait(flags, flag.busy, 1, longestWaitMs);
}

/** Watches over an engine's thread by its shared flags until the function returned is called. */
export function guardExit(flags: SharedArrayBuffer): () => void {
  const view = new Int32Array(flags);
  if (living.size === 0) process.on("exit", letNativeCallsEnd);
  living.add(view);
  return () => {
    living.delete(view);
    if (living.size === 0) process.off("exit", letNativeCallsEnd);
  };
}
