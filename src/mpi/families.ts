/**
 * The families of MPI libraries, by how they name communicators, types and operations in C: Open MPI by addresses of exported
 * symbols, MPICH (and Intel's, MVAPICH, Cray's, which have its ABI) by numbers of an int, the standard ABI of MPI 5 by numbers
 * as wide as a pointer. Numbers are those of each family's mpi.h.
 */

/** What is named. */
export type Constant = "world" | "byte" | "int32" | "float32" | "float64" | "sum" | "max" | "min";

export interface Family {
  readonly name: string;
  /** Files to look for, the first that there is. */
  readonly files: readonly string[];
  /** Whether a library is of it, by its file's name and what `MPI_Get_library_version` says. */
  readonly has: (file: string, version: string) => boolean;
  /** The C type of a handle. */
  readonly handle: "int" | "intptr_t";
  /** A symbol whose address is the handle, or the handle itself. */
  readonly constants: { readonly [C in Constant]: string | number };
  /** `MPI_IN_PLACE`. */
  readonly inPlace: 1 | -1;
}

/** Libraries of both makers may be built with it, under this name. */
const isStandard = (file: string): boolean => /libmpi_abi/.test(file);

export const families = {
  openMpi: {
    name: "Open MPI",
    files: ["libmpi.so.40"],
    has: (file, version) => !isStandard(file) && /^Open MPI v/.test(version),
    handle: "intptr_t",
    constants: {
      world: "ompi_mpi_comm_world",
      byte: "ompi_mpi_byte",
      int32: "ompi_mpi_int32_t",
      float32: "ompi_mpi_float",
      float64: "ompi_mpi_double",
      sum: "ompi_mpi_op_sum",
      max: "ompi_mpi_op_max",
      min: "ompi_mpi_op_min",
    },
    inPlace: 1,
  },
  mpich: {
    name: "MPICH",
    files: ["libmpich.so.12", "libmpi.so.12"],
    has: (file, version) => !isStandard(file) && /^(MPICH Version|Intel\(R\) MPI|MVAPICH|CRAY MPICH)/.test(version),
    handle: "int",
    constants: {
      world: 0x44000000,
      byte: 0x4c00010d,
      int32: 0x4c000439,
      float32: 0x4c00040a,
      float64: 0x4c00080b,
      sum: 0x58000003,
      max: 0x58000001,
      min: 0x58000002,
    },
    inPlace: -1,
  },
  standard: {
    name: "the standard ABI of MPI 5",
    files: ["libmpi_abi.so", "libmpi_abi.so.1", "libmpi_abi.so.0"],
    has: isStandard,
    handle: "intptr_t",
    constants: {
      world: 0x101,
      byte: 0x247,
      int32: 0x250,
      float32: 0x210,
      float64: 0x214,
      sum: 0x21,
      max: 0x23,
      min: 0x22,
    },
    inPlace: 1,
  },
} as const satisfies Readonly<Record<string, Family>>;

export type FamilyName = keyof typeof families;
