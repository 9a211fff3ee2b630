/** NVIDIA's driver and run-time compiler, called out of their libraries: memory of the device, functions on it, launches. */
import { ProviderError } from "../errors.js";
import { type Foreign, foreignCalls, type Handle } from "../ort/index.js";

/** What a function on the device is given: an address, a whole number, a real one. */
export type Argument = Handle | number | { readonly float: number };

/** Blocks along two axes, and threads of each. */
export interface Launch {
  readonly blocks: readonly [number, number];
  readonly threads: number;
}

type Native = (...given: unknown[]) => unknown;

const libraries = {
  driver: ["libcuda.so.1", "nvcuda.dll"],
  compiler: ["libnvrtc.so.13", "libnvrtc.so.12", "nvrtc64_130_0.dll", "nvrtc64_120_0.dll"],
} as const;
const capability = { major: 75, minor: 76 } as const;

/** Blocks of the host: two for each feed of a step, and of the one before it. */
const mostLocked = 64;

/** What stays for the life of the thread: koffi unloads a library whose handle is collected. */
const kept: unknown[] = [];

/**
 * The first of some libraries that is there.
 *
 * @throws ProviderError naming them if none is
 */
export function sharedLibrary(koffi: Foreign, names: readonly string[]): ReturnType<Foreign["load"]> {
  const reasons: string[] = [];
  for (const name of names) {
    try {
      const found = koffi.load(name);
      kept.push(found);
      return found;
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  throw new ProviderError("absent", `none of ${names.join(", ")} can be opened: ${reasons[0]}`);
}

const [pointer, made, int, size, text] = ["void *", "_Out_ void **", "int", "size_t", "str"] as const;

/** The device that ONNX Runtime has made this thread's. */
export class Driver {
  private readonly natives: Readonly<Record<string, Native>>;
  private readonly compiler: Readonly<Record<string, Native>>;
  private readonly memory = new Set<Handle>();
  /** Blocks of the host by address, each held as long as it is locked. */
  private readonly locked = new Map<Handle, ArrayBufferView>();

  private constructor(private readonly koffi: Foreign) {
    const driver = sharedLibrary(koffi, libraries.driver);
    const compiler = sharedLibrary(koffi, libraries.compiler);
    const of = (library: typeof driver, table: Readonly<Record<string, readonly string[]>>) =>
      Object.fromEntries(
        Object.entries(table).map(([name, given]) => [name, library.func(name, "int", [...given]) as Native]),
      );
    this.natives = of(driver, {
      cuInit: ["uint32_t"],
      cuDeviceGet: ["_Out_ int *", int],
      cuDeviceGetAttribute: ["_Out_ int *", int, int],
      cuDevicePrimaryCtxRetain: [made, int],
      cuCtxSetCurrent: [pointer],
      cuModuleLoadData: [made, pointer],
      cuModuleGetFunction: [made, pointer, text],
      cuMemAlloc_v2: ["_Out_ void **", size],
      cuMemFree_v2: [pointer],
      cuMemsetD8_v2: [pointer, "uint8_t", size],
      cuMemHostRegister_v2: [pointer, size, "uint32_t"],
      cuMemHostUnregister: [pointer],
      cuGetErrorString: [int, "_Out_ str *"],
      cuLaunchKernel: [pointer, ...Array<string>(7).fill("uint32_t"), pointer, pointer, pointer],
    });
    this.compiler = of(compiler, {
      nvrtcCreateProgram: [made, text, text, int, pointer, pointer],
      nvrtcCompileProgram: [pointer, int, "const char **"],
      nvrtcGetProgramLogSize: [pointer, "_Out_ size_t *"],
      nvrtcGetProgramLog: [pointer, pointer],
      nvrtcGetCUBINSize: [pointer, "_Out_ size_t *"],
      nvrtcGetCUBIN: [pointer, pointer],
    });
  }

  /**
   * Opens a device for this thread.
   *
   * @throws ProviderError if the driver, its compiler or the device is not there
   */
  static async open(device: number): Promise<Driver> {
    const driver = new Driver(await foreignCalls());
    driver.call("cuInit", 0);
    const context: [Handle | null] = [null];
    driver.call("cuDevicePrimaryCtxRetain", context, driver.device(device));
    driver.call("cuCtxSetCurrent", context[0]);
    return driver;
  }

  /** Functions by name of a program in CUDA C, compiled for a device. @throws ProviderError with what the compiler says */
  functions<N extends string>(source: string, names: readonly N[], device: number): Readonly<Record<N, Handle>> {
    const attribute = (which: number): number => {
      const value: [number] = [0];
      this.call("cuDeviceGetAttribute", value, which, this.device(device));
      return value[0];
    };
    const architecture = `sm_${attribute(capability.major)}${attribute(capability.minor)}`;
    const loaded: [Handle | null] = [null];
    const machineCode = this.compiled(source, architecture);
    this.call("cuModuleLoadData", loaded, machineCode);
    return Object.fromEntries(
      names.map((name) => {
        const found: [Handle | null] = [null];
        this.call("cuModuleGetFunction", found, loaded[0], name);
        return [name, found[0] as Handle];
      }),
    ) as Record<N, Handle>;
  }

  /** Machine code of a program in CUDA C for an architecture, as `sm_90`. @throws ProviderError with what the compiler says */
  compiled(source: string, architecture: string): Uint8Array {
    const program: [Handle | null] = [null];
    this.compile("nvrtcCreateProgram", program, source, "hcsc.cu", 0, null, null);
    const options = [`--gpu-architecture=${architecture}`, "--std=c++17"];
    const failed = this.compiler.nvrtcCompileProgram(program[0], options.length, options) !== 0;
    if (failed) {
      const log = this.bytes("nvrtcGetProgramLogSize", "nvrtcGetProgramLog", program[0]);
      throw new ProviderError("failed", `kernels do not compile: ${new TextDecoder().decode(log)}`);
    }
    return this.bytes("nvrtcGetCUBINSize", "nvrtcGetCUBIN", program[0]);
  }

  /** Memory of the device, of zeros; freed by `free` or `close`. */
  allocate(bytes: number): Handle {
    const address: [Handle | null] = [null];
    this.call("cuMemAlloc_v2", address, bytes);
    const found = address[0] as Handle;
    this.call("cuMemsetD8_v2", found, 0, bytes);
    this.memory.add(found);
    return found;
  }

  free(address: Handle): void {
    this.memory.delete(address);
    this.call("cuMemFree_v2", address);
  }

  /**
   * Locks shared memory of the host, so that copies from it are several times faster. The one locked longest ago is unlocked where there
   * are many; memory that cannot be locked stays as it is.
   */
  lock(block: ArrayBufferView<SharedArrayBuffer>): void {
    const address = this.koffi.address(block);
    if (this.locked.has(address) || this.natives.cuMemHostRegister_v2(address, block.byteLength, 0) !== 0) return;
    this.locked.set(address, block);
    const [oldest] = this.locked.keys();
    if (this.locked.size > mostLocked) this.unlock(oldest);
  }

  private unlock(address: Handle): void {
    this.natives.cuMemHostUnregister(address);
    this.locked.delete(address);
  }

  close(): void {
    for (const address of this.memory) this.free(address);
    for (const address of this.locked.keys()) this.unlock(address);
  }

  /** Puts a run of a function into a queue. */
  launch(run: Handle, { blocks: [x, y], threads }: Launch, given: readonly Argument[], stream: Handle | null): void {
    const values = new DataView(new ArrayBuffer(Math.max(8 * given.length, 128)));
    for (const [i, value] of given.entries()) {
      if (typeof value === "bigint") values.setBigUint64(8 * i, value, true);
      else if (typeof value === "number") values.setInt32(8 * i, value, true);
      else values.setFloat32(8 * i, value.float, true);
    }
    const first = this.koffi.address(values);
    const places = new BigUint64Array(new ArrayBuffer(Math.max(8 * given.length, 128)));
    for (const i of given.keys()) places[i] = first + BigInt(8 * i);
    this.call("cuLaunchKernel", run, x, y, 1, threads, 1, 1, 0, stream, places, null);
  }

  private device(index: number): number {
    const found: [number] = [0];
    this.call("cuDeviceGet", found, index);
    return found[0];
  }

  private bytes(sizeCall: string, call: string, program: Handle | null): Uint8Array {
    const count: [number] = [0];
    this.compile(sizeCall, program, count);
    const bytes = new Uint8Array(new ArrayBuffer(Math.max(count[0], 128)), 0, count[0]);
    this.compile(call, program, bytes);
    return bytes;
  }

  private compile(name: string, ...given: unknown[]): void {
    const code = this.compiler[name](...given);
    if (code !== 0) throw new ProviderError("failed", `${name} answers ${code}`);
  }

  private call(name: string, ...given: unknown[]): void {
    const code = this.natives[name](...given) as number;
    if (code === 0) return;
    const words: [string | null] = [null];
    this.natives.cuGetErrorString(code, words);
    throw new ProviderError("failed", `${name}: ${words[0] ?? code}`);
  }
}
