/** Launchers of MPI programs, known by what they leave in a process's environment. */
import type { FamilyName } from "./families.js";

type Environment = Readonly<Record<string, string | undefined>>;

interface Launcher {
  readonly name: string;
  /** The variable that says which process this is. */
  readonly rank: string;
  /** The variable that says how many were started. */
  readonly size: string;
  /** The library that it belongs to; the others are looked for after it. */
  readonly family: FamilyName;
}

/** Open MPI's sets those of PMIx too, so it stands before it. */
const launchers: readonly Launcher[] = [
  { name: "Open MPI's mpirun", rank: "OMPI_COMM_WORLD_RANK", size: "OMPI_COMM_WORLD_SIZE", family: "openMpi" },
  { name: "a launcher of MPICH's kind (PMI)", rank: "PMI_RANK", size: "PMI_SIZE", family: "mpich" },
  { name: "Slurm's srun (PMIx)", rank: "PMIX_RANK", size: "SLURM_STEP_NUM_TASKS", family: "openMpi" },
];

/** How a process was started. */
export interface Launched {
  readonly by: string;
  readonly rank: number;
  /** Null where the launcher does not say. */
  readonly size: number | null;
  readonly family: FamilyName;
}

/** @returns null of a process that no launcher has started */
export function launchedBy(environment: Environment): Launched | null {
  const found = launchers.find(({ rank }) => environment[rank] !== undefined);
  if (!found) return null;
  const size = environment[found.size];
  return {
    by: found.name,
    rank: Number(environment[found.rank]),
    size: size === undefined ? null : Number(size),
    family: found.family,
  };
}
