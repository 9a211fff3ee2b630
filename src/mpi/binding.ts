/** An MPI library, opened by koffi: its C functions with handles of its family. */

import type { LibraryHandle } from "koffi";
import { ProviderError, said } from "../errors.js";
import { foreignCalls } from "../ort/index.js";
import { type Constant, type Family, type FamilyName, families } from "./families.js";

type Native = (...given: unknown[]) => number;
type Handle = number | bigint;

/** Calls that fail end all processes, with MPI's own words: so does its default handler of errors. */
export interface Binding {
  readonly file: string;
  /** The first line of what it says it is. */
  readonly version: string;
  readonly inPlace: number;
  readonly handles: Readonly<Record<Constant, Handle>>;
  call(name: keyof typeof signatures, ...given: readonly unknown[]): void;
}

/** By name: parameters, `handle` for one of the family's own type. An address may be an array, or `MPI_IN_PLACE`. */
const signatures = {
  Init_thread: ["void *", "void *", "int", "int *"],
  Comm_rank: ["handle", "int *"],
  Comm_size: ["handle", "int *"],
  Allreduce: ["intptr_t", "void *", "int", "handle", "handle", "handle"],
  Allgather: ["void *", "int", "handle", "void *", "int", "handle", "handle"],
  Alltoallv: ["void *", "int *", "int *", "handle", "void *", "int *", "int *", "handle", "handle"],
  Bcast: ["void *", "int", "handle", "int", "handle"],
  Barrier: ["handle"],
  Abort: ["handle", "int"],
  Finalize: [],
} as const;

/** Libraries stay open for the life of the process: MPI is begun once. */
const kept: unknown[] = [];

/**
 * Opens the library that a variable names, or the first there is, beginning with the family that is preferred.
 *
 * @param file - the library's file, if it is told
 * @throws ProviderError if none can be opened, or one is of no family that is known
 */
export async function openBinding(file: string | undefined, preferred: FamilyName): Promise<Binding> {
  const koffi = await foreignCalls();
  // UCX, below MPICH, else rewrites the code of mmap and munmap as it is loaded, while V8's threads run it: a process in twenty crashed.
  process.env.UCX_MEM_EVENTS ??= "no";
  const order = [families[preferred], ...Object.values(families).filter((f) => f !== families[preferred])];
  const files = file === undefined ? order.flatMap((family) => family.files) : [file];
  const failures: string[] = [];
  for (const each of files) {
    let library: LibraryHandle;
    try {
      library = koffi.load(each, { global: true });
    } catch (error) {
      failures.push(`${each}: ${(error as Error).message.split("\n")[0]}`);
      continue;
    }
    kept.push(library);
    return bound(library, each);
  }
  throw new ProviderError(
    "absent",
    said`no MPI library can be opened (${failures.join("; ")}): install Open MPI or MPICH, or name the library's file in HCSC_MPI_LIBRARY`,
  );
}

function bound(library: LibraryHandle, file: string): Binding {
  const text = Buffer.alloc(16384);
  const length = new Int32Array(1);
  (library.func("MPI_Get_library_version", "int", ["void *", "int *"]) as Native)(text, length);
  const version = text.toString("latin1", 0, length[0]).split("\n")[0].trim();
  const family = Object.values<Family>(families).find(({ has }) => has(file, version));
  if (!family)
    throw new ProviderError(
      "unsupported",
      said`${{ file }} says that it is ${version || "nothing"}, whose handles are not known. Take Open MPI, MPICH, or a library with the ABI of either`,
    );
  const handleOf = (constant: string | number): Handle =>
    typeof constant === "number" ? constant : (library.symbol(constant) as bigint);
  const natives = Object.fromEntries(
    Object.entries(signatures).map(([name, parameters]) => [
      name,
      library.func(
        `MPI_${name}`,
        "int",
        parameters.map((p) => (p === "handle" ? family.handle : p)),
      ) as Native,
    ]),
  );
  return {
    file,
    version,
    inPlace: family.inPlace,
    handles: Object.fromEntries(
      Object.entries(family.constants).map(([name, constant]) => [name, handleOf(constant)]),
    ) as Binding["handles"],
    call: (name, ...given) => {
      natives[name](...given);
    },
  };
}
