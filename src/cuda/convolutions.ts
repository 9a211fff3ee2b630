/**
 * Large convolutions in float32 and gradients of filters by cuDNN, out of the library that ONNX Runtime's CUDA provider has opened. Gradients of
 * images at stride 1 are convolutions, others are ONNX Runtime's: cuDNN's functions for them are as fast in TF32, and slower in
 * float32 (ResNet-50, batch 64: 114 ms a step against 102).
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

/** Of `cudnnConvolutionFwdAlgoPerf_t` and `cudnnConvolutionBwdFilterAlgoPerf_t`, which are alike: their size, and the places of what is read. */
const choice = { bytes: 48, algorithm: 0, status: 4, memory: 16, isDeterministic: 24, products: 28 } as const;
const choices = 8;
/** Working memory of an algorithm is at most so much. */
const mostMemory = 1 << 30;

/** What is ready to be computed. */
export interface Prepared {
  /** By the addresses of what is read, x first, and of what is written. */
  run(x: Handle, other: Handle, result: Handle, stream: Handle | null): void;
}

/** An algorithm that cuDNN has for some sizes. */
interface Algorithm {
  readonly algorithm: number;
  readonly memory: number;
  readonly products: number;
  /** Whether it gives the same bits every time. */
  readonly steady: boolean;
}

/**
 * The functions of cuDNN for a task, and its algorithm by Winograd's filtering, whose transforms have kernels of their own. In float32
 * that is the fastest that cuDNN has at 3×3 and stride 1, or a quarter slower (H100, 64 channels of 56² to 512 of 4², each tried); what
 * cuDNN guesses without trying, Fourier transforms of large maps, takes up to five times as long.
 */
const tasks = {
  forward: {
    lists: "cudnnGetConvolutionForwardAlgorithm_v7",
    computes: "cudnnConvolutionForward",
    winograd: 7,
  },
  filters: {
    lists: "cudnnGetConvolutionBackwardFilterAlgorithm_v7",
    computes: "cudnnConvolutionBackwardFilter",
    winograd: 5,
  },
} as const;

export class Convolutions {
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
    const table: Record<string, readonly string[]> = {
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
    };
    for (const { lists, computes } of Object.values(tasks)) {
      table[lists] = [...Array<string>(5).fill(handle), int, count, handle];
      table[computes] = [...Array<string>(7).fill(handle), int, handle, "size_t", handle, handle, handle];
    }
    this.natives = Object.fromEntries(
      Object.entries(table).map(([name, given]) => [name, library.func(name, int, [...given]) as Native]),
    );
    this.message = library.func("cudnnGetErrorString", "str", [int]) as Native;
    this.handle = this.make("cudnnCreate");
  }

  /** @throws ProviderError if cuDNN 9 is not there */
  static async open(driver: Driver, precision: keyof typeof products): Promise<Convolutions> {
    return new Convolutions(await foreignCalls(), driver, precision);
  }

  /** @throws ProviderError if cuDNN has no way to compute it */
  prepare(task: keyof typeof tasks, convolution: Convolution): Prepared {
    const { x, w, y, strides, pads, dilations, groups } = convolution;
    const tensor = (shape: readonly number[]) =>
      this.described("cudnnCreateTensorDescriptor", "cudnnSetTensor4dDescriptor", planes, float32, ...shape);
    const [images, maps] = [tensor(x), tensor(y)];
    const filters = this.described("cudnnCreateFilterDescriptor", "cudnnSetFilter4dDescriptor", float32, planes, ...w);
    const window = [...pads, ...strides, ...dilations, crossCorrelation, float32];
    const described = this.described("cudnnCreateConvolutionDescriptor", "cudnnSetConvolution2dDescriptor", ...window);
    this.call("cudnnSetConvolutionGroupCount", described, groups);
    this.call("cudnnSetConvolutionMathType", described, products[this.precision]);
    const [other, result] = task === "forward" ? [filters, maps] : [maps, filters];
    const found = this.chosen(
      task,
      task === "forward" ? [images, filters, described, maps] : [images, maps, described, filters],
    );
    if (this.precision === "tf32") this.call("cudnnSetConvolutionMathType", described, found.products);
    if (found.memory > this.memory.bytes)
      this.memory = { address: this.driver.allocate(found.memory), bytes: found.memory };
    const [one, zero] = [Float32Array.of(1), Float32Array.of(0)];
    return {
      run: (from, by, to, stream) => {
        this.call("cudnnSetStream", this.handle, stream);
        const { address, bytes } = this.memory;
        const tensors = [one, images, from, other, by, described, found.algorithm, address, bytes, zero, result, to];
        this.call(tasks[task].computes, this.handle, ...tensors);
      },
    };
  }

  /** In float32 Winograd's, else what cuDNN thinks best, of what gives the same bits every time if there is any. */
  private chosen(task: keyof typeof tasks, descriptors: readonly Handle[]): Algorithm {
    const list = new Uint8Array(choice.bytes * choices);
    const number: [number] = [0];
    this.call(tasks[task].lists, this.handle, ...descriptors, choices, number, list);
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
    const steady = all.filter((a) => a.steady);
    const isFast = (a: Algorithm) => this.precision === "fp32" && a.algorithm === tasks[task].winograd;
    const found = steady.find(isFast) ?? steady[0] ?? all[0];
    if (!found) throw new ProviderError("unsupported", "cuDNN has no algorithm for a convolution of these sizes");
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
