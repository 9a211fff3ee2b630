/**
 * The gradients of filters by cuDNN, out of the library that ONNX Runtime's CUDA provider has opened. Those of images are ONNX Runtime's own
 * convolutions: cuDNN's functions for them are as fast in TF32, and slower in float32 (ResNet-50, batch 64: 114 ms a step against 102).
 */
import { ProviderError } from "../errors.js";
import { type Foreign, foreignCalls, type Handle } from "../ort/index.js";
import { type Driver, sharedLibrary } from "./driver.js";

/** A convolution of images [N,C,H,W]: y = conv(x, w). */
export interface Convolution {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly y: readonly number[];
  readonly strides: readonly number[];
  /** On both sides of each axis alike. */
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  readonly groups: number;
}

type Native = (...given: unknown[]) => unknown;

const libraries = ["libcudnn.so.9", "cudnn64_9.dll"];
const [handle, made, int, count] = ["void *", "_Out_ void **", "int", "_Out_ int *"] as const;
const [planes, float32, crossCorrelation] = [0, 0, 1] as const;
/** How products are made: in TF32 where the card has it, or in float32. */
const products = { tf32: 0, fp32: 3 } as const;
const deterministic = 1;

/** Of `cudnnConvolutionBwdFilterAlgoPerf_t`: its size, and the places of what is read. */
const choice = { bytes: 48, algorithm: 0, status: 4, memory: 16, isDeterministic: 24, products: 28 } as const;
const choices = 8;
/** Working memory of an algorithm is at most so much. */
const mostMemory = 1 << 30;

/** A gradient that is ready to be computed. */
export interface Prepared {
  /** By the addresses of x, dy and dw. */
  run(x: Handle, dy: Handle, dw: Handle, stream: Handle | null): void;
}

export class FilterGradients {
  private readonly natives: Readonly<Record<string, Native>>;
  private readonly message: Native;
  private readonly handle: Handle;
  /** Working memory that all share, which a queue uses one after another; what was too small stays, for recorded runs use it. */
  private memory: { readonly address: Handle; readonly bytes: number } = { address: 0n, bytes: 0 };

  private constructor(
    koffi: Foreign,
    private readonly driver: Driver,
    private readonly precision: keyof typeof products,
  ) {
    const library = sharedLibrary(koffi, libraries);
    const table: Readonly<Record<string, readonly string[]>> = {
      cudnnCreate: [made],
      cudnnSetStream: [handle, handle],
      cudnnCreateTensorDescriptor: [made],
      cudnnSetTensor4dDescriptor: [handle, ...Array<string>(6).fill(int)],
      cudnnCreateFilterDescriptor: [made],
      cudnnSetFilter4dDescriptor: [handle, ...Array<string>(6).fill(int)],
      cudnnCreateConvolutionDescriptor: [made],
      cudnnSetConvolution2dDescriptor: [handle, ...Array<string>(8).fill(int)],
      cudnnSetConvolutionGroupCount: [handle, int],
      cudnnSetConvolutionMathType: [handle, int],
      cudnnGetConvolutionBackwardFilterAlgorithm_v7: [...Array<string>(5).fill(handle), int, count, handle],
      cudnnConvolutionBackwardFilter: [...Array<string>(7).fill(handle), int, handle, "size_t", handle, handle, handle],
    };
    this.natives = Object.fromEntries(
      Object.entries(table).map(([name, given]) => [name, library.func(name, int, [...given]) as Native]),
    );
    this.message = library.func("cudnnGetErrorString", "str", [int]) as Native;
    this.handle = this.make("cudnnCreate");
  }

  /** @throws ProviderError if cuDNN 9 is not there */
  static async open(driver: Driver, precision: keyof typeof products): Promise<FilterGradients> {
    return new FilterGradients(await foreignCalls(), driver, precision);
  }

  /** @throws ProviderError if cuDNN has no way to compute it */
  prepare(convolution: Convolution): Prepared {
    const { x, w, y, strides, pads, dilations, groups } = convolution;
    const tensor = (shape: readonly number[]) =>
      this.described("cudnnCreateTensorDescriptor", "cudnnSetTensor4dDescriptor", planes, float32, ...shape);
    const [images, result] = [tensor(x), tensor(y)];
    const filters = this.described("cudnnCreateFilterDescriptor", "cudnnSetFilter4dDescriptor", float32, planes, ...w);
    const window = [...pads, ...strides, ...dilations, crossCorrelation, float32];
    const described = this.described("cudnnCreateConvolutionDescriptor", "cudnnSetConvolution2dDescriptor", ...window);
    this.call("cudnnSetConvolutionGroupCount", described, groups);
    this.call("cudnnSetConvolutionMathType", described, products[this.precision]);
    const found = this.chosen([images, result, described, filters]);
    if (this.precision === "tf32") this.call("cudnnSetConvolutionMathType", described, found.products);
    if (found.memory > this.memory.bytes)
      this.memory = { address: this.driver.allocate(found.memory), bytes: found.memory };
    const [one, zero] = [Float32Array.of(1), Float32Array.of(0)];
    return {
      run: (from, dy, dw, stream) => {
        this.call("cudnnSetStream", this.handle, stream);
        const { address, bytes } = this.memory;
        const tensors = [one, images, from, result, dy, described, found.algorithm, address, bytes, zero, filters, dw];
        this.call("cudnnConvolutionBackwardFilter", this.handle, ...tensors);
      },
    };
  }

  /** What cuDNN thinks best, of what gives the same bits every time if there is any. */
  private chosen(descriptors: readonly Handle[]) {
    const list = new Uint8Array(choice.bytes * choices);
    const number: [number] = [0];
    this.call("cudnnGetConvolutionBackwardFilterAlgorithm_v7", this.handle, ...descriptors, choices, number, list);
    const view = new DataView(list.buffer);
    const all = Array.from({ length: number[0] }, (_, i) => {
      const of = (place: number) => view.getInt32(i * choice.bytes + place, true);
      return {
        algorithm: of(choice.algorithm),
        memory: Number(view.getBigUint64(i * choice.bytes + choice.memory, true)),
        products: of(choice.products),
        runs: of(choice.status) === 0,
        steady: of(choice.isDeterministic) === deterministic,
      };
    }).filter(({ runs, memory }) => runs && memory <= mostMemory);
    const found = all.find(({ steady }) => steady) ?? all[0];
    if (!found) throw new ProviderError("unsupported", "cuDNN has no algorithm for the gradient of these filters");
    return found;
  }

  private described(create: string, set: string, ...given: readonly number[]): Handle {
    const descriptor = this.make(create);
    this.call(set, descriptor, ...given);
    return descriptor;
  }

  private make(name: string): Handle {
    const box: [Handle | null] = [null];
    this.call(name, box);
    return box[0] as Handle;
  }

  private call(name: string, ...given: unknown[]): void {
    const code = this.natives[name](...given) as number;
    if (code !== 0) throw new ProviderError("failed", `${name}: ${this.message(code)}`);
  }
}
