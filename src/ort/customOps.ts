/**
 * Ops of our own in a session: ONNX Runtime is given a table of functions for each (`OrtCustomOp` of onnxruntime_c_api.h), calls
 * them as it loads a node and as it runs it, on the thread that loads or runs, and leaves it to them what is computed.
 */
import type { Environment } from "./environment.js";
import type { Library } from "./library.js";
import type { Handle } from "./signatures.js";

/** A tensor as a kernel is given it, on the provider's device. */
export interface Given {
  readonly address: Handle;
  readonly shape: readonly number[];
}

/** A run of a node. */
export interface KernelCall {
  /** Null: an optional input that is left out. */
  readonly inputs: readonly (Given | null)[];
  /** The device's queue; null on the CPU. */
  readonly stream: Handle | null;
  /** The address of an output, whose shape is this. */
  output(index: number, shape: readonly number[]): Handle;
}

/** What a node does. What it throws ends the run with its message. */
export interface Kernel {
  run(call: KernelCall): void;
  close(): void;
}

export type AttributeKind = "int" | "float" | "ints" | "floats";

/** An op; all its tensors are float32. */
export interface CustomOp {
  readonly name: string;
  /** Which inputs there are, true: it may be left out. */
  readonly inputs: readonly { readonly optional: boolean }[];
  readonly outputs: number;
  readonly attributes: Readonly<Record<string, AttributeKind>>;
  /** A node of it, by those attributes that it has. */
  open(attributes: Readonly<Record<string, number | readonly number[]>>): Kernel;
}

/** The version of `OrtCustomOp` that is filled in: the first with the functions that answer a status. */
const version = 16n;
const [float32, required, optional, onDevice] = [1, 0, 1, 0];

const zeroEnded = (text: string): Uint8Array => {
  const bytes = new Uint8Array(new ArrayBuffer(128));
  bytes.set(new TextEncoder().encode(text));
  return bytes;
};

/** Ops of one domain that run on one provider, for any number of sessions of a thread. */
export class CustomOps {
  private readonly domain: Handle;
  /** ONNX Runtime reads these for as long as sessions live. */
  private readonly kept: unknown[] = [];
  private readonly callbacks: Handle[] = [];
  private readonly ops = new Map<Handle, CustomOp>();
  private readonly names = new Map<Handle, Handle>();
  private readonly kernels = new Map<Handle, Kernel>();
  private next = 1n;

  /** @param provider - its name in ONNX Runtime, as `CUDAExecutionProvider`; null: the CPU's */
  constructor(
    private readonly environment: Environment,
    domain: string,
    provider: string | null,
    ops: readonly CustomOp[],
  ) {
    const { library } = environment;
    this.domain = library.make("CreateCustomOpDomain", domain);
    const functions = this.functions(provider);
    for (const op of ops) {
      const table = new BigUint64Array(new ArrayBuffer(32 * 8));
      const name = zeroEnded(op.name);
      table.set([version, ...functions]);
      this.kept.push(table, name);
      const address = library.address(table);
      this.ops.set(address, op);
      this.names.set(address, library.address(name));
      library.call("CustomOpDomain_Add", this.domain, address);
    }
  }

  /** Lets the nodes of a session be of these ops. */
  addTo(sessionOptions: Handle): void {
    this.environment.library.call("AddCustomOpDomain", sessionOptions, this.domain);
  }

  /** After all sessions. */
  close(): void {
    const { library } = this.environment;
    library.release("CustomOpDomain", this.domain);
    for (const callback of this.callbacks) library.forget(callback);
  }

  /** In the order of `OrtCustomOp`. */
  private functions(provider: string | null): readonly Handle[] {
    const { library } = this.environment;
    const providerName = provider === null ? null : zeroEnded(provider);
    this.kept.push(providerName);
    const of = (op: Handle): CustomOp => this.ops.get(op) as CustomOp;
    const unused = 0n;
    const callback: Library["callback"] = (...given) => {
      const made = library.callback(...given);
      this.callbacks.push(made);
      return made;
    };
    const about = (result: string, told: (op: Handle) => unknown) => callback(result, ["void *"], told);
    const aboutEach = (told: (op: Handle, index: number) => number) => callback("int", ["void *", "size_t"], told);
    const status = (work: () => void): Handle | null => {
      try {
        work();
        return null;
      } catch (error) {
        return library.failure((error as Error).message);
      }
    };
    return [
      unused, // CreateKernel
      about("void *", (op) => this.names.get(op)),
      about("void *", () => providerName && library.address(providerName)),
      aboutEach(() => float32),
      about("size_t", (op) => of(op).inputs.length),
      aboutEach(() => float32),
      about("size_t", (op) => of(op).outputs),
      unused, // KernelCompute
      callback("void", ["void *"], (kernel: Handle) => {
        this.kernels.get(kernel)?.close();
        this.kernels.delete(kernel);
      }),
      aboutEach((op, index) => (of(op).inputs[index].optional ? optional : required)),
      aboutEach(() => required),
      aboutEach(() => onDevice),
      ...[unused, unused, unused, unused], // of variadic inputs and outputs
      callback("void *", ["void *", "void *", "void *", "void *"], (op: Handle, _, info: Handle, made: Handle) =>
        status(() => {
          const kernel = of(op).open(this.attributes(of(op), info));
          const id = this.next++;
          this.kernels.set(id, kernel);
          new BigUint64Array(library.view(made, 8))[0] = id;
        }),
      ),
      callback("void *", ["void *", "void *"], (kernel: Handle, context: Handle) =>
        status(() => this.kernels.get(kernel)?.run(this.callOf(context))),
      ),
    ];
  }

  private attributes({ attributes }: CustomOp, info: Handle): Parameters<CustomOp["open"]>[0] {
    const { library } = this.environment;
    const read: { readonly [K in AttributeKind]: (name: string) => number | readonly number[] } = {
      float(name) {
        const value: [number] = [0];
        library.call("KernelInfoGetAttribute_float", info, name, value);
        return value[0];
      },
      int(name) {
        const value: [number | bigint] = [0];
        library.call("KernelInfoGetAttribute_int64", info, name, value);
        return Number(value[0]);
      },
      floats(name) {
        const count: [number] = [0];
        library.call("KernelInfoGetAttributeArray_float", info, name, null, count);
        const values = new Float32Array(count[0]);
        library.call("KernelInfoGetAttributeArray_float", info, name, values, count);
        return [...values];
      },
      ints(name) {
        const count: [number] = [0];
        library.call("KernelInfoGetAttributeArray_int64", info, name, null, count);
        const values = new BigInt64Array(count[0]);
        library.call("KernelInfoGetAttributeArray_int64", info, name, values, count);
        return Array.from(values, Number);
      },
    };
    return Object.fromEntries(
      Object.entries(attributes).flatMap(([name, kind]) => {
        try {
          return [[name, read[kind](name)]];
        } catch {
          return []; // the node does not have it
        }
      }),
    );
  }

  private callOf(context: Handle): KernelCall {
    const { library } = this.environment;
    const count: [number] = [0];
    library.call("KernelContext_GetInputCount", context, count);
    const inputs = Array.from({ length: count[0] }, (_, i) => {
      const value: [Handle | null] = [null];
      library.call("KernelContext_GetInput", context, i, value);
      return value[0] === null ? null : this.given(value[0]);
    });
    const stream: [Handle | null] = [null];
    library.call("KernelContext_GetGPUComputeStream", context, stream);
    return {
      inputs,
      stream: stream[0],
      output: (index, shape) => {
        const sizes = BigInt64Array.from(shape, BigInt);
        return library.make(
          "GetTensorMutableData",
          library.make("KernelContext_GetOutput", context, index, sizes, shape.length),
        );
      },
    };
  }

  private given(value: Handle): Given {
    const { library } = this.environment;
    const info = library.make("GetTensorTypeAndShape", value);
    try {
      const shape = this.environment.described(info).shape as readonly number[];
      return { address: library.make("GetTensorMutableData", value), shape };
    } finally {
      library.release("TensorTypeAndShapeInfo", info);
    }
  }
}
