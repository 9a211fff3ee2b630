/**
 * Runs on WebGPU over tensors that stay in the device's buffers: nothing of the state crosses from run to run. The buffers are made
 * here, and runs write to them, for what ONNX Runtime makes goes with the session that made it.
 */
import type * as Ort from "onnxruntime-web";
import { elements } from "../../array.js";
import {
  type DataArray,
  type Elements,
  type NamedArrays,
  type Opened,
  type OpenOptions,
  type Runner,
  type Traffic,
  tensorInfo,
} from "../../engine/index.js";
import { ProviderError } from "../../errors.js";
import { buildModel, identity, input } from "../../graph/index.js";
import { type ElementType, elementTypes } from "../../onnx/index.js";

/** A tensor in a buffer of the device. */
interface GpuTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly tensor: Ort.Tensor;
}

const x = input("x", [1]);
const nothingButCopies = buildModel({ name: "device", inputs: [x], outputs: { y: identity(x) } });

/** Numbers of WebGPU's specification, which the DOM's types leave out. */
const use = { mapRead: 0x1, copyFrom: 0x4, copyTo: 0x8, storage: 0x80 } as const;
const mapToRead = 0x1;

const bytesOf = ({ dtype, shape }: Pick<GpuTensor, "dtype" | "shape">): number =>
  elements(shape) * elementTypes[dtype as ElementType].array.BYTES_PER_ELEMENT;
/** What WebGPU copies are whole multiples of. */
const whole = (bytes: number): number => Math.max(4, Math.ceil(bytes / 4) * 4);

export class GpuTensors implements Runner<GpuTensor> {
  private opened: GPUDevice | null = null;
  /** Open to the end: with the last session of all goes the device. */
  private first: Ort.InferenceSession | null = null;
  private readonly moved = { toDevice: 0, fromDevice: 0 };
  private isClosing = false;

  /** @param onLost - called with the reason if the device goes before it is closed, with all that it holds */
  constructor(
    private readonly ort: typeof Ort,
    private readonly onLost: (reason: string) => void,
  ) {}

  async start(): Promise<void> {
    this.first = await this.session(nothingButCopies, {
      fused: false,
      alone: false,
      captured: false,
      kept: new Set(),
    });
    this.opened = (await this.ort.env.webgpu.device) as GPUDevice;
    this.opened.lost.then(({ reason, message }) => {
      if (!this.isClosing) this.onLost(message || reason);
    });
  }

  async open(model: Uint8Array, options: OpenOptions): Promise<Opened<GpuTensor>> {
    const session = await this.session(model, options);
    const inputs = session.inputMetadata.map(tensorInfo);
    const types = new Map(inputs.map(({ name, dtype }) => [name, dtype]));
    return {
      inputs,
      outputs: session.outputMetadata.map(tensorInfo),
      run: async (given, kept, wanted) => {
        const feeds = [...given].map(([name, value]) => [name, this.fed(types.get(name) as string, value)] as const);
        const places = [...kept].map(([name, place]) => [name, place?.tensor ?? null] as const);
        const copied = wanted.filter((name) => !kept.has(name)).map((name) => [name, null] as const);
        const out = await session.run(Object.fromEntries(feeds), Object.fromEntries([...places, ...copied]));
        const results: Record<string, DataArray> = {};
        for (const name of wanted) results[name] = await this.arrayOf(out[name]);
        const stays = [...kept].map(([name, place]) => [name, place ?? this.ownOf(out[name])] as const);
        return { kept: new Map(stays), results: results satisfies NamedArrays };
      },
      endProfile: () => {},
      close: () => session.release(),
    };
  }

  readonly overwrites = false;

  room(dtype: string, shape: readonly number[]): GpuTensor {
    return this.made(dtype, shape);
  }

  hold(array: DataArray, dtype: string, over: GpuTensor | null): GpuTensor {
    const held = over ?? this.made(dtype, array.shape);
    const { data } = array;
    const bytes = new Uint8Array(whole(data.byteLength));
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.device.queue.writeBuffer(bufferOf(held), 0, bytes);
    this.moved.toDevice += data.byteLength;
    return held;
  }

  duplicate(held: GpuTensor): GpuTensor {
    const copy = this.made(held.dtype, held.shape);
    this.copy(bufferOf(held), bufferOf(copy), bytesOf(held));
    return copy;
  }

  read(held: readonly GpuTensor[]): Promise<readonly DataArray[]> {
    return Promise.all(held.map(({ tensor }) => this.arrayOf(tensor)));
  }

  free({ tensor }: GpuTensor): void {
    tensor.dispose();
  }

  traffic(): Traffic {
    return { ...this.moved };
  }

  close(): Promise<void> | undefined {
    this.isClosing = true;
    return this.first?.release();
  }

  private get device(): GPUDevice {
    if (!this.opened) throw new ProviderError("absent", "no device of WebGPU is open.");
    return this.opened;
  }

  private session(model: Uint8Array, { fused, alone, kept }: OpenOptions): Promise<Ort.InferenceSession> {
    return this.ort.InferenceSession.create(model, {
      executionProviders: ["webgpu"],
      graphOptimizationLevel: fused ? "basic" : "all",
      logSeverityLevel: 4,
      preferredOutputLocation: Object.fromEntries([...kept].map((name) => [name, "gpu-buffer" as const])),
      ...(alone ? { extra: { session: { disable_cpu_ep_fallback: "1" } } } : {}),
    });
  }

  private fed(dtype: string, value: DataArray | GpuTensor): Ort.Tensor {
    if ("tensor" in value) return value.tensor;
    this.moved.toDevice += value.data.byteLength;
    return new this.ort.Tensor(dtype as "float32", value.data as Float32Array, value.shape);
  }

  private made(dtype: string, shape: readonly number[]): GpuTensor {
    const buffer = this.device.createBuffer({
      size: Math.ceil(whole(bytesOf({ dtype, shape })) / 16) * 16, // as ONNX Runtime asks of buffers
      usage: use.storage | use.copyFrom | use.copyTo,
    });
    const tensor = this.ort.Tensor.fromGpuBuffer(buffer, {
      dataType: dtype as "float32",
      dims: shape,
      dispose: () => buffer.destroy(),
    });
    return { dtype, shape, tensor };
  }

  private copy(from: GPUBuffer, to: GPUBuffer, bytes: number): void {
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(from, 0, to, 0, whole(bytes));
    this.device.queue.submit([encoder.finish()]);
  }

  /** An output of a size that was not known before, moved from where ONNX Runtime put it. */
  private ownOf(output: Ort.Tensor): GpuTensor {
    const own = this.duplicate({ dtype: output.type, shape: output.dims, tensor: output });
    output.dispose();
    return own;
  }

  /** A copy of a tensor, wherever it is. */
  private async arrayOf(tensor: Ort.Tensor): Promise<DataArray> {
    const shape = tensor.dims;
    const bytes = bytesOf({ dtype: tensor.type, shape });
    this.moved.fromDevice += bytes;
    if (tensor.location !== "gpu-buffer") return { shape, data: tensor.data as Elements };
    const staging = this.device.createBuffer({
      size: whole(bytes),
      usage: use.mapRead | use.copyTo,
    });
    try {
      this.copy(tensor.gpuBuffer as GPUBuffer, staging, bytes);
      await staging.mapAsync(mapToRead);
      const copied = staging.getMappedRange().slice(0, bytes);
      return { shape, data: new elementTypes[tensor.type as ElementType].array(copied) as Elements };
    } finally {
      staging.destroy();
    }
  }
}

const bufferOf = ({ tensor }: GpuTensor): GPUBuffer => tensor.gpuBuffer as GPUBuffer;
