/**
 * Where state lives between runs. On the host a state tensor is an array of JavaScript. On a device it is a buffer that ONNX
 * Runtime keeps there: it goes up once and comes back when it is read. Both ways are a graph of one `Identity` on the device,
 * because `getData()` of a device tensor ends the process in onnxruntime-node 1.30 (exit code 134), and a tensor that is
 * only read would be sent with every run.
 *
 * Device tensors must be disposed one by one: neither garbage collection nor the next run frees them.
 */
import { MessageChannel } from "node:worker_threads";
import { type InferenceSession, Tensor } from "onnxruntime-node";
import { buildModel, type DType, identity, input } from "../graph/index.js";
import type { DataArray, Elements } from "./messages.js";

/** Bytes that crossed between host and device, both ways, since the engine was opened. Nothing crosses on the CPU. */
export interface Traffic {
  readonly toDevice: number;
  readonly fromDevice: number;
}

export interface StateMemory {
  /** A host tensor where state is kept: itself, or its copy on the device. */
  place(tensor: Tensor): Promise<Tensor>;
  /** `tensor`, or its copy, safe from the release of the session that made it. */
  outlive(tensor: Tensor): Promise<Tensor>;
  /** Another tensor of the same numbers in the same place. */
  duplicate(tensor: Tensor): Promise<Tensor>;
  /** The numbers, in memory of their own. */
  read(tensor: Tensor): Promise<DataArray>;
  /** Frees a tensor's memory now. */
  free(tensor: Tensor): void;
  /** Where a program is to leave an output that becomes state. */
  readonly location: "cpu" | "gpu-buffer";
  close(): Promise<void>;
}

const copyOf = (tensor: Tensor): DataArray => ({ shape: tensor.dims, data: (tensor.data as Elements).slice() });

const { port1: nowhere, port2: closed } = new MessageChannel();
closed.close();
nowhere.unref();

/**
 * Frees the memory of large arrays, which then have no elements. Garbage collection would lag far behind: it counts objects, not
 * their megabytes, and comes late to a thread that waits. A message to a port whose other end is closed takes its transferred
 * arrays with it.
 */
export function release(arrays: Iterable<{ readonly data: DataArray["data"] }>): void {
  const blocks = new Set([...arrays].map(({ data }) => data.buffer as ArrayBuffer));
  nowhere.postMessage(
    null,
    [...blocks].filter((block) => block.byteLength >= 1 << 16),
  );
}

const duplicateOf = (tensor: Tensor): Tensor =>
  new Tensor(tensor.type as "float32", (tensor.data as Float32Array).slice(), tensor.dims);

/** State as arrays of this thread, in memory that it took itself: what another thread took stays that one's when it is freed. */
export const hostMemory: StateMemory = {
  place: async (tensor) => {
    const placed = duplicateOf(tensor);
    hostMemory.free(tensor);
    return placed;
  },
  outlive: async (tensor) => tensor,
  duplicate: async (tensor) => duplicateOf(tensor),
  read: async (tensor) => copyOf(tensor),
  free: (tensor) => release([{ data: tensor.data as Elements }]),
  location: "cpu",
  close: async () => {},
};

/** Makes a session on the device whose outputs stay at a location. */
export type MakeSession = (model: Uint8Array, outputsAt: "cpu" | "gpu-buffer") => Promise<InferenceSession>;
export type RunSession = (session: InferenceSession, feeds: { x: Tensor }) => Promise<InferenceSession.ReturnType>;

/** State as buffers of a device. */
export class DeviceMemory implements StateMemory {
  readonly location = "gpu-buffer";
  private readonly sessions = new Map<string, Promise<InferenceSession>>();

  /** @param count - told the bytes of each crossing */
  constructor(
    private readonly make: MakeSession,
    private readonly run: RunSession,
    private readonly count: (traffic: Partial<Traffic>) => void,
  ) {}

  async place(tensor: Tensor): Promise<Tensor> {
    if (tensor.size === 0 || tensor.type === "float64") return tensor; // of which there are no buffers
    this.count({ toDevice: bytesOf(tensor) });
    return this.through(tensor, "gpu-buffer");
  }

  /** A buffer used after its session was released ends the process (segmentation fault), so this room's own make a copy. */
  outlive(tensor: Tensor): Promise<Tensor> {
    return tensor.location === "cpu" ? Promise.resolve(tensor) : this.through(tensor, "gpu-buffer");
  }

  async duplicate(tensor: Tensor): Promise<Tensor> {
    return tensor.location === "cpu" ? hostMemory.duplicate(tensor) : this.through(tensor, "gpu-buffer");
  }

  async read(tensor: Tensor): Promise<DataArray> {
    if (tensor.location === "cpu") return copyOf(tensor);
    this.count({ fromDevice: bytesOf(tensor) });
    const { dims, data } = await this.through(tensor, "cpu");
    return { shape: dims, data: data as Elements };
  }

  free(tensor: Tensor): void {
    if (tensor.location === "cpu") hostMemory.free(tensor);
    else tensor.dispose();
  }

  async close(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).release();
    this.sessions.clear();
  }

  private async through(tensor: Tensor, to: "cpu" | "gpu-buffer"): Promise<Tensor> {
    const key = [tensor.type, tensor.dims.length, to].join();
    const made = this.sessions.get(key) ?? this.make(copyModel(tensor), to);
    this.sessions.set(key, made);
    return (await this.run(await made, { x: tensor })).y as Tensor;
  }
}

function copyModel(tensor: Tensor): Uint8Array {
  const x = input(
    "x",
    tensor.dims.map((_, i) => `d${i}`),
    tensor.type as DType,
  );
  return buildModel({ name: "copy", inputs: [x], outputs: { y: identity(x) } });
}

/** Bytes of a tensor wherever it is. */
export const bytesOf = (tensor: Tensor): number => tensor.size * (elementBytes[tensor.type] ?? 4);
const elementBytes: Readonly<Record<string, number>> = { int64: 8, float64: 8, uint8: 1, bool: 1, float16: 2 };
