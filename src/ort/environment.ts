/** What all sessions of a thread share: the environment of the process, the host's memory, and copies between memories. */
import { dirname, join } from "node:path";
import { ProviderError, ShapeError, said } from "../errors.js";
import { type ElementType, elementTypes } from "../onnx/index.js";
import type { Library } from "./library.js";
import type { Handle } from "./signatures.js";

/** Errors come back as rejections; what providers print beside them (CUDA, of every ScatterND) is no news. */
const fatal = 4;
const [deviceAllocator, defaultMemory] = [0, 0];

/** A tensor of ONNX Runtime's, in any memory. */
export interface Tensor {
  /** Its own for as long as the environment is open; an address may be another's later. */
  readonly id: number;
  readonly handle: Handle;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly onHost: boolean;
  /** Its memory, where that is an array of ours: it must live as long. */
  readonly array?: ArrayBufferView;
}

const byCode = new Map(Object.entries(elementTypes).map(([dtype, { code }]) => [code as number, dtype as ElementType]));

export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
export const bytesOf = ({ dtype, shape }: Pick<Tensor, "dtype" | "shape">): number =>
  elementCount(shape) * elementTypes[dtype].array.BYTES_PER_ELEMENT;

export class Environment {
  private readonly env: Handle;
  /** Where the host's memory is, as ONNX Runtime calls it. */
  readonly host: Handle;
  /** Takes memory from the system and gives it back at once; it is ONNX Runtime's own and not released. */
  readonly hostAllocator: Handle;
  private tensors = 0;

  constructor(readonly library: Library) {
    this.env = library.make("CreateEnv", fatal, "hcsc");
    library.call("DisableTelemetryEvents", this.env); // Windows' own; elsewhere see `withoutTelemetry`
    this.host = library.make("CreateMemoryInfo", "Cpu", deviceAllocator, 0, defaultMemory);
    this.hostAllocator = library.make("GetAllocatorWithDefaultOptions");
  }

  /** Opens a provider's library, a file beside ONNX Runtime's own, for copies to and from its device; once a process is enough. */
  register(name: string, file: string): void {
    try {
      this.library.call("RegisterExecutionProviderLibrary", this.env, name, join(dirname(this.library.file), file));
    } catch (error) {
      if (!/already/i.test((error as Error).message)) throw error;
    }
  }

  /** The session of a model by options that were made for it. */
  session(model: Uint8Array, options: Handle): Handle {
    return this.library.make("CreateSessionFromArray", this.env, model, model.byteLength, options);
  }

  /** A tensor in memory of ONNX Runtime's own, of any contents. */
  allocate(allocator: Handle, dtype: ElementType, shape: readonly number[]): Tensor {
    const { code } = elementTypes[dtype];
    const sizes = BigInt64Array.from(shape, BigInt);
    const handle = this.library.make("CreateTensorAsOrtValue", allocator, sizes, shape.length, code);
    return { id: this.tensors++, handle, dtype, shape, onHost: allocator === this.hostAllocator };
  }

  /** A tensor over an array's memory on the host: shared memory is allowed. @throws ShapeError if that is not of its size */
  over(dtype: ElementType, shape: readonly number[], array: ArrayBufferView): Tensor {
    const bytes = bytesOf({ dtype, shape });
    if (array.byteLength !== bytes)
      throw new ShapeError(
        "wrong-shape",
        said`a tensor ${dtype}${{ shape }} takes ${bytes} bytes, and the array has ${array.byteLength}.`,
      );
    const address = array.byteLength === 0 ? null : this.library.address(array);
    return { ...this.at(this.host, address, dtype, shape), array };
  }

  /** A tensor over memory that is another's: it must not outlive that. */
  at(memory: Handle, address: Handle | null, dtype: ElementType, shape: readonly number[]): Tensor {
    const sizes = BigInt64Array.from(shape, BigInt);
    const { code } = elementTypes[dtype];
    const bytes = bytesOf({ dtype, shape });
    const { library } = this;
    const parts = [memory, address, bytes, sizes, shape.length, code] as const;
    const handle = library.make("CreateTensorWithDataAsOrtValue", ...parts);
    return { id: this.tensors++, handle, dtype, shape, onHost: memory === this.host };
  }

  /** A tensor that ONNX Runtime made, on the host or not. */
  made(handle: Handle, onHost: boolean): Tensor {
    const info = this.library.make("GetTensorTypeAndShape", handle);
    try {
      const { dtype, shape } = this.described(info);
      return { id: this.tensors++, handle, dtype, shape: shape.map(Number), onHost };
    } finally {
      this.library.release("TensorTypeAndShapeInfo", info);
    }
  }

  /** Type and sizes; of a size that is not known the name, maybe empty. */
  described(info: Handle): { readonly dtype: ElementType; readonly shape: readonly (number | string)[] } {
    const { library } = this;
    const [code, rank]: [[number], [number]] = [[0], [0]];
    library.call("GetTensorElementType", info, code);
    library.call("GetDimensionsCount", info, rank);
    const dtype = byCode.get(code[0]);
    if (!dtype) throw new ProviderError("unsupported", `a tensor of element type ${code[0]} is not supported`);
    const [sizes, names] = [new BigInt64Array(rank[0]), new BigUint64Array(rank[0])];
    if (rank[0] > 0) {
      library.call("GetDimensions", info, sizes, rank[0]);
      library.call("GetSymbolicDimensions", info, names, rank[0]);
    }
    return { dtype, shape: Array.from(sizes, (size, i) => (size < 0n ? library.text(names[i]) : Number(size))) };
  }

  /** Copies tensors onto others of their types and sizes, whatever memories they are in. */
  copy(pairs: readonly (readonly [Tensor, Tensor])[]): void {
    const some = pairs.filter(([from]) => elementCount(from.shape) > 0);
    const across = some.filter(([from, to]) => !(from.onHost && to.onHost));
    for (const [from, to] of some) if (from.onHost && to.onHost) this.bytes(to).set(this.bytes(from)); // for which ONNX Runtime has nothing
    if (across.length === 0) return;
    const [from, to] = [0, 1].map((side) => BigUint64Array.from(across, (pair) => pair[side].handle));
    this.library.call("CopyTensors", this.env, from, to, null, across.length);
  }

  /** Where a tensor's numbers are; on a device not for us to read. */
  address(tensor: Tensor): Handle {
    return this.library.make("GetTensorMutableData", tensor.handle);
  }

  private bytes(tensor: Tensor): Uint8Array {
    const { array } = tensor;
    if (array) return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    return new Uint8Array(this.library.view(this.address(tensor), bytesOf(tensor)));
  }

  free(tensor: Tensor): void {
    this.library.release("Value", tensor.handle);
  }

  close(): void {
    this.library.release("MemoryInfo", this.host);
    this.library.release("Env", this.env);
  }
}
