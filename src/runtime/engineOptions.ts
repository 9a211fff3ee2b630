/** What an engine is opened with. */
import type { Backend, CrossCheck, Placement } from "../engine/index.js";
import type { Precision } from "../precision.js";
import type { AutoChoice } from "./auto.js";

/** What runs graphs in Node. */
export type NodeBackend = Exclude<Backend, "onnxruntime-web">;

/** Where and how graphs run. */
export interface EngineOptions {
  /** Default `onnxruntime-node`. `ort-training` is ONNX Runtime's own training build, on the CPU only. */
  readonly backend?: NodeBackend;
  /**
   * A name of `providers`, with `:N` for one of several devices, as `cuda:1`; or `auto` (`auto:1`), the first that truly runs here,
   * as of `autoProvider`. Default `cpu`.
   */
  readonly provider?: string;
  /** Told what `auto` has chosen. */
  readonly onChosen?: (choice: AutoChoice) => void;
  /**
   * Threads of a CPU operator, ≥ 1. Default: as many as the process may use (`availableParallelism`). ONNX Runtime's own default
   * counts physical cores, and on a virtual machine of two cores counted one: half the speed.
   */
  readonly threads?: number;
  /** Of products; default `fp32`. Providers have some of them (`providers`). */
  readonly precision?: Precision;
  /**
   * On providers other than the CPU's: whether the first run of each program is also done on the CPU and compared, output by
   * output; one that differs is a ProviderError. Default true. It takes the time and the memory of that run on the CPU.
   */
  readonly crossCheck?: boolean;
  /** Called for each first run that agreed with the CPU's. */
  readonly onChecked?: (check: CrossCheck) => void;
  /**
   * Whether `cuda` records training's steps, once for each direction that state goes, and plays them again, instead of launching
   * node by node. The numbers are the same. A step that cannot be recorded runs as usual, with a warning. Default true.
   */
  readonly capture?: boolean;
  /** Called with where the nodes of each program run: when it is loaded, or after its first run. Not called on the CPU. */
  readonly onPlaced?: (placement: Placement) => void;
  /** Called with what people should know, such as that the C API cannot be called here. Default: `process.emitWarning`. */
  readonly onWarning?: (message: string) => void;
}
