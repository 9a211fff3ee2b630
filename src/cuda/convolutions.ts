/** The gradients of convolutions by cuDNN, out of the library that ONNX Runtime's CUDA provider has opened. */
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

/** Both gradients: cuDNN's words for them, and which of x [0], w [1] and y [2] each reads and writes. */
const directions = {
  filters: { name: "BackwardFilter", order: [0, 2, 1] },
  images: { name: "BackwardData", order: [1, 2, 0] },
} as const;
export type Direction = keyof typeof directions;

/** Of `cudnnConvolutionBwd…AlgoPerf_t`: its size, and the places of what is read. */
const choice = { bytes: 48, algorithm: 0, status: 4, memory: 16, isDeterministic: 24, products: 28 } as const;
const choices = 8;
/** Working memory of an algorithm is at most so much. */
const mostMemory = 1 << 30;

/** A gradient that is ready to be computed. */
export interface Prepared {
  /** @param from - addresses of what it reads, in the order of `directions`; @param to - of what it writes */
  run(from: readonly [Handle, Handle], to: Handle, stream: Handle | null): void;
}

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
    const perDirection = Object.values(directions).flatMap(({ name }) => [
      [`cudnnGetConvolution${name}Algorithm_v7`, [...Array<string>(5).fill(handle), int, count, handle]] as const,
      [
        `cudnnConvolution${name}`,
        [handle, handle, handle, handle, handle, handle, handle, int, handle, "size_t", handle, handle, handle],
      ] as const,
    ]);
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
      ...Object.fromEntries(perDirection),
    };
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

  /** @throws ProviderError if cuDNN has no way to compute it, or none that gives the same bits every time */
  prepare(direction: Direction, convolution: Convolution): Prepared {
    const { name, order } = directions[direction];
    const { x, w, y, strides, pads, dilations, groups } = convolution;
    const tensor = (shape: readonly number[]) =>
      this.described("cudnnCreateTensorDescriptor", "cudnnSetTensor4dDescriptor", planes, float32, ...shape);
    const filters = this.described("cudnnCreateFilterDescriptor", "cudnnSetFilter4dDescriptor", float32, planes, ...w);
    const all = [tensor(x), filters, tensor(y)];
    const window = [...pads, ...strides, ...dilations, crossCorrelation, float32];
    const described = this.described("cudnnCreateConvolutionDescriptor", "cudnnSetConvolution2dDescriptor", ...window);
    this.call("cudnnSetConvolutionGroupCount", described, groups);
    this.call("cudnnSetConvolutionMathType", described, products[this.precision]);
    const [first, second, result] = order.map((i) => all[i]);
    const found = this.chosen(name, [first, second, described, result]);
    if (this.precision === "tf32") this.call("cudnnSetConvolutionMathType", described, found.products);
    if (found.memory > this.memory.bytes)
      this.memory = { address: this.driver.allocate(found.memory), bytes: found.memory };
    const [one, zero] = [Float32Array.of(1), Float32Array.of(0)];
    return {
      run: ([a, b], to, stream) => {
        this.call("cudnnSetStream", this.handle, stream);
        const { address, bytes } = this.memory;
        const tensors = [one, first, a, second, b, described, found.algorithm, address, bytes, zero, result, to];
        this.call(`cudnnConvolution${name}`, this.handle, ...tensors);
      },
    };
  }

  /** The first that cuDNN thinks best, of those that give the same bits every time. */
  private chosen(name: string, descriptors: readonly Handle[]) {
    const bytes = new ArrayBuffer(choice.bytes * choices);
    const number: [number] = [0];
    const list = new Uint8Array(bytes);
    this.call(`cudnnGetConvolution${name}Algorithm_v7`, this.handle, ...descriptors, choices, number, list);
    const view = new DataView(bytes);
    for (let at = 0; at < number[0] * choice.bytes; at += choice.bytes) {
      const of = (place: number) => view.getInt32(at + place, true);
      const memory = Number(view.getBigUint64(at + choice.memory, true));
      const suits = of(choice.status) === 0 && of(choice.isDeterministic) === deterministic && memory <= mostMemory;
      if (suits) return { algorithm: of(choice.algorithm), memory, products: of(choice.products) };
    }
    throw new ProviderError("unsupported", "cuDNN has no algorithm for this convolution's gradient");
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
