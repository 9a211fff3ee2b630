/** The shared library of ONNX Runtime that onnxruntime-node brings along, opened by koffi: its C functions as typed calls. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type Koffi from "koffi";
import { ProviderError, said } from "../errors.js";
import {
  type Arguments,
  apiVersion,
  around,
  type Call,
  calls,
  type Handle,
  type Maker,
  type MakerArguments,
  releases,
} from "./signatures.js";

type Native = (...given: unknown[]) => unknown;

/** Functions of one library, for the thread that opened it. */
export interface Library {
  readonly file: string;
  /** As `1.30.0`. */
  readonly version: string;
  /** @throws ProviderError with what ONNX Runtime says */
  call<C extends Call>(name: C, ...given: Arguments<C>): void;
  /** What a function makes; to be released. @throws ProviderError with what ONNX Runtime says */
  make<C extends Maker>(name: C, ...given: MakerArguments<C>): Handle;
  release(kind: keyof typeof releases, handle: Handle): void;
  /** Memory of ONNX Runtime's as an array; it must not be used after that is freed. */
  view(address: Handle, bytes: number): ArrayBuffer;
  /** The address of an array's memory, which must be held for as long as it is used. */
  address(data: ArrayBufferView): Handle;
  /** A text that ends with zero. */
  text(address: Handle): string;
  /** An array of pointers. */
  pointers(address: Handle, count: number): readonly Handle[];
  /** A status of failure with a text, as a function that ONNX Runtime calls answers. */
  failure(text: string): Handle;
  /** The address of a function for ONNX Runtime to call on this thread, until `forget`; it must not throw. */
  callback(result: string, parameters: readonly string[], called: (...given: never[]) => unknown): Handle;
  forget(callback: Handle): void;
}

/** Its name by platform: on macOS of two files the one that onnxruntime-node is linked with. */
const fileNames: Readonly<Record<string, string>> = {
  linux: "libonnxruntime.so.1",
  darwin: "libonnxruntime.1.dylib",
  win32: "onnxruntime.dll",
};

/** The file that onnxruntime-node itself loads on this machine. */
export function bundledLibrary(): string {
  const main = createRequire(import.meta.url).resolve("onnxruntime-node");
  const file = fileNames[process.platform] ?? "libonnxruntime.so.1";
  return join(dirname(main), "../bin/napi-v6", process.platform, process.arch, file);
}

/**
 * The libraries of this thread by file. They stay for its life: koffi unloads a library when its handle is collected, though
 * functions read out of its tables are still called, and never gives back the memory of a function's type.
 */
const opened = new Map<string, Library>();
const handles: unknown[] = [];
/** Calls run on a stack of koffi's own, and loading a deep graph recurses: 64 KiB crash. */
const stackBytes = 16 << 20;

/** ONNX Runtime's code of a failure without a code of its own. */
const failed = 1;

/** Calls into shared libraries. */
export type Foreign = typeof Koffi;

let binding: Promise<Foreign> | null = null;

/** koffi, set up before its first call. It throws where it has no binary for the platform. */
export function foreignCalls(): Promise<Foreign> {
  binding ??= import("koffi").then(({ default: koffi }) => {
    koffi.config({ sync_stack_size: stackBytes, async_stack_size: stackBytes });
    return koffi;
  });
  return binding;
}

/**
 * Opens a library. The environment of a process is one, whoever opened it, onnxruntime-node included.
 *
 * @throws ProviderError if koffi or the file is missing, or the library is older than the API asked for
 */
export async function openLibrary(file: string = bundledLibrary()): Promise<Library> {
  if (!existsSync(file)) throw new ProviderError("absent", said`there is no ${{ file }}: reinstall onnxruntime-node.`);
  let koffi: Foreign;
  try {
    koffi = await foreignCalls();
  } catch (error) {
    throw new ProviderError(
      "absent",
      `koffi, which calls it, does not load: ${(error as Error).message.split("\n")[0]}`,
    );
  }
  try {
    const library = opened.get(file) ?? functionsOf(koffi, file);
    opened.set(file, library);
    return library;
  } catch (error) {
    throw new ProviderError("absent", said`${{ file }} cannot be used: ${error as Error}`);
  }
}

function functionsOf(koffi: Foreign, file: string): Library {
  const handle = koffi.load(file);
  handles.push(handle);
  const at = (table: Handle, index: number, result: string, parameters: readonly string[]): Native =>
    koffi.decode(
      koffi.decode(table, index * koffi.sizeof("void *"), "void *"),
      koffi.proto(result, [...parameters]),
    ) as Native;
  const base = (handle.func("OrtGetApiBase", "void *", []) as Native)() as Handle;
  const version = at(base, around.getVersion, "str", [])() as string;
  const table = at(base, around.getApi, "void *", ["uint32_t"])(apiVersion) as Handle | null;
  if (table === null) throw new Error(`version ${version} does not offer version ${apiVersion} of the C API`);
  const message = at(table, around.statusMessage, "str", ["void *"]);
  const failure = at(table, around.createStatus, "void *", ["int", "str"]);
  const free = Object.fromEntries(
    Object.entries(releases).map(([kind, index]) => [kind, at(table, index, "void", ["void *"])]),
  );
  const natives = Object.fromEntries(
    Object.entries(calls).map(([name, [index, ...parameters]]) => [name, at(table, index, "void *", parameters)]),
  );
  const call = (name: string, given: readonly unknown[]): void => {
    const failed = natives[name](...given) as Handle | null;
    if (failed === null) return;
    const words = message(failed) as string;
    free.Status(failed);
    throw new ProviderError("failed", words);
  };
  return {
    file,
    version,
    call: (name, ...given) => call(name, given),
    make(name, ...given) {
      const box: [Handle | null] = [null];
      call(name, [...given, box]);
      if (box[0] === null) throw new ProviderError("failed", `${name} made nothing`);
      return box[0];
    },
    release: (kind, released) => void free[kind](released),
    view: (address, bytes) => koffi.view(address, bytes),
    address: (data) => koffi.address(data),
    text: (address) => koffi.decode(address, "char", -1) as string,
    failure: (text) => failure(failed, text) as Handle,
    callback: (result, parameters, called) =>
      koffi.register(called, koffi.pointer(koffi.proto(result, [...parameters]))),
    forget: (callback) => koffi.unregister(callback),
    pointers: (address, count) => koffi.decode(address, koffi.array("void *", count)) as Handle[],
  };
}
