/** An engine as its caller sees it, wherever its sessions live. */
import type { DenseArray } from "../array.js";
import type { Precision } from "../precision.js";
import type { Backend, NamedArrays, ProgramInfo, ProgramOptions, Traffic } from "./messages.js";
import type { Provider } from "./providers.js";

/**
 * Programs and the state they share. Requests are carried out in the order in which they are made, so several may be made
 * without waiting. Errors: UsageError for unknown names and missing tensors, ShapeError for a dtype or shape that a program
 * does not take (naming program and tensor), ProviderError for what ONNX Runtime says and for an engine that has ended. They cross
 * from the engine's thread with their class, code, subject and settings.
 */
export interface Engine {
  readonly backend: Backend;
  readonly provider: Provider;
  readonly precision: Precision;
  /** Makes the session of an ONNX model under a name. */
  load(program: string, model: Uint8Array, options?: ProgramOptions): Promise<ProgramInfo>;
  unload(program: string): Promise<void>;
  /** Sets state tensors; the arrays are copied before this returns. */
  write(state: NamedArrays): Promise<void>;
  /** Copies of state tensors; all if no names are given. */
  read(names?: readonly string[]): Promise<Record<string, DenseArray>>;
  /** Forgets state tensors; all if no names are given. */
  drop(names?: readonly string[]): Promise<void>;
  /** The names of the state tensors. */
  names(): Promise<readonly string[]>;
  /**
   * Runs a program. Inputs that are not fed come from the state; outputs that its `state` names replace the state, all or, if
   * the run fails, none; the wanted outputs come back.
   *
   * @param feeds - copied before this returns, so the caller may fill them anew; shared memory is allowed
   */
  run(program: string, feeds: NamedArrays, wanted: readonly string[]): Promise<Record<string, DenseArray>>;
  /** Bytes that crossed between host and device so far; none on the CPU. */
  traffic(): Promise<Traffic>;
  /** The kernels of this library's own that its graphs may have nodes for. */
  kernels(): Promise<"cuda" | null>;
  /** Finishes what was asked and releases everything. */
  close(): Promise<void>;
}
