/**
 * Opening an engine, whose sessions live on one worker thread (engineThread.ts).
 *
 * Why a thread and not a child process (Node 20.20, onnxruntime-node 1.30, 2 cores, [32,3,128,108] float32 = 5.3 MB fed, a
 * scalar back, median of 150):
 *
 *                                        thread      child process (fork, advanced serialization)
 *   start and first session              61 ms       111 ms
 *   one run (0.16 ms called directly)    0.52 ms     6.35 ms
 *   of which the caller is blocked       0.20 ms     2.98 ms
 *   30 engines in turn, 3 at once        right       right
 *   SIGINT to the group in a run         run goes on  run goes on, if the child ignores the signal
 *   process.exit(3) in a run             abort (134)  3, after a noise line on stderr
 *   native abort in the engine           ends all     rejected, naming the signal
 *
 * The crashes that public reports give for several threads (onnxruntime#24486) do not occur in 1.30, which keeps its data per
 * thread. The one weakness, ending the process while a native call is under way, is closed by exitGuard.ts.
 */
import { availableParallelism } from "node:os";
import { listSupportedBackends } from "onnxruntime-node";
import { type Engine, requireProvider, ThreadEngine } from "../engine/index.js";
import { said, UsageError } from "../errors.js";
import { withoutTelemetry } from "../ort/index.js";
import type { Precision } from "../precision.js";
import { type AutoChoice, autoProvider } from "./auto.js";
import type { EngineOptions } from "./engineOptions.js";
import { engineThread } from "./engineThread.js";

/**
 * Opens an engine. It keeps the process alive only while requests are pending, so a forgotten `close` does no harm.
 *
 * @throws ProviderError if the provider or its device is not there; UsageError if `threads` is not a positive integer
 */
export async function openEngine({
  backend = "onnxruntime-node",
  provider = "cpu",
  threads = availableParallelism(),
  precision = "fp32",
  crossCheck = true,
  capture = true,
  onChosen = () => {},
  onPlaced = () => {},
  onChecked = () => {},
  onWarning = (message) => process.emitWarning(message),
}: EngineOptions = {}): Promise<Engine> {
  const choice = requireProvider(
    await named(provider, precision, onChosen),
    listSupportedBackends().map((b) => b.name),
    precision,
  );
  if (backend === "ort-training" && choice.name !== "cpu")
    throw new UsageError(
      "unsupported",
      said`the backend ${{ backend }} runs on the CPU only, not on ${{ provider: choice.name }}. Take the provider cpu.`,
      { settings: ["provider"] },
    );
  if (!(Number.isInteger(threads) && threads >= 1)) {
    throw new UsageError("wrong-value", said`${{ field: "threads" }} is ${threads}. Give a whole number from 1.`);
  }
  withoutTelemetry();
  const told = { onPlaced, onChecked, onWarning };
  // Devices lock the memory of feeds; onnxruntime-node refuses arrays on shared memory.
  const shares = choice.name !== "cpu";
  return ThreadEngine.open(engineThread(), { backend, provider: choice, threads, crossCheck, capture }, told, shares);
}

/** A provider's name, or the one that `auto` means here. */
async function named(provider: string, precision: Precision, onChosen: (choice: AutoChoice) => void): Promise<string> {
  const [auto, device] = /^auto(?::(\d+))?$/.exec(provider) ?? [];
  if (auto === undefined) return provider;
  const choice = await autoProvider(device === undefined ? null : Number(device), precision);
  onChosen(choice);
  return choice.provider;
}
