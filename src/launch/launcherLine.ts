/** Launchers of MPI programs: which there is, and the line by which it starts a command on some machines. */
import { execFile } from "node:child_process";
import { ProviderError, said, UsageError } from "../errors.js";

/** A machine, and how many processes it gets. */
export interface HostSlots {
  readonly host: string;
  readonly slots: number;
}

interface Make {
  readonly name: string;
  /** What its version says. */
  readonly says: RegExp;
  /** What comes between the launcher and the command. */
  readonly options: (hosts: string, processes: number, given: Given) => readonly string[];
  /** Which of the signals that its processes take as a wish to stop it passes on, and lets them come to their end. */
  readonly stop: NodeJS.Signals;
}

interface Given {
  readonly isRoot: boolean;
  /** Names of variables that processes on other machines are to have as well. */
  readonly variables: readonly string[];
}

/**
 * Open MPI binds processes to a core each, on which all threads of one would be squeezed, burns the cores of those that wait, refuses
 * root, and passes on no variables. Its SIGTERM leaves processes no time. MPICH does none of that.
 */
const makes = {
  openMpi: {
    name: "Open MPI",
    says: /Open(RTE| MPI)/,
    options: (hosts, processes, { isRoot, variables }) => [
      ...["--host", hosts, "-np", String(processes), "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"],
      ...(isRoot ? ["--allow-run-as-root"] : []),
      ...variables.flatMap((name) => ["-x", name]),
    ],
    stop: "SIGUSR2",
  },
  mpich: {
    name: "MPICH",
    says: /HYDRA|Intel\(R\) MPI/,
    options: (hosts, processes) => ["-hosts", hosts, "-np", String(processes)],
    stop: "SIGTERM",
  },
} as const satisfies Readonly<Record<string, Make>>;

/** A launcher that is there. */
export interface Launcher extends Make {
  readonly command: string;
}

/** `a:2,b:2`, as machines. @throws UsageError that names what is none */
export function hostsOf(text: string): readonly HostSlots[] {
  return text.split(",").map((part) => {
    const [, host, slots] = /^(.+?)(?::(\d+))?$/.exec(part.trim()) ?? [];
    const count = Number(slots ?? 1);
    if (host === undefined || /\s/.test(host) || count < 1)
      throw new UsageError(
        "wrong-value",
        said`${part || "nothing"} is no machine: give a,b or a:2,b:2, with processes`,
      );
    return { host, slots: count };
  });
}

/** The launcher that a command is. @throws ProviderError if it is not there, or of a make that is not known */
export async function findLauncher(command: string): Promise<Launcher> {
  const text = await new Promise<string>((done, failed) => {
    execFile(command, [versionOption], (error, stdout, stderr) => {
      if (error && typeof error.code === "string")
        failed(
          new ProviderError(
            "absent",
            said`the launcher ${command} cannot be started (${error.code}): install Open MPI or MPICH, or name another`,
            { cause: error },
          ),
        );
      else done(stdout + stderr);
    });
  });
  const make = Object.values<Make>(makes).find(({ says }) => says.test(text));
  if (!make)
    throw new ProviderError(
      "unsupported",
      said`the launcher ${command} says that it is ${text.split("\n")[0] || "nothing"}: take that of Open MPI or MPICH`,
    );
  return { ...make, command };
}

const versionOption = `-${"-version"}`;

/** Variables that bear on what processes do, wherever they run. */
const passed = /^(HCSC|ORT|NODE|UCX|LC)_|^(NO_COLOR|LANG|TZ|LD_LIBRARY_PATH)$/;

/** The line that starts a command's processes, as its words. @param environment - the launcher's */
export function launcherLine(
  { command, options }: Launcher,
  hosts: readonly HostSlots[],
  words: readonly string[],
  { isRoot, environment }: { readonly isRoot: boolean; readonly environment: Readonly<Record<string, unknown>> },
): readonly string[] {
  const list = hosts.map(({ host, slots }) => `${host}:${slots}`).join(",");
  const processes = hosts.reduce((n, { slots }) => n + slots, 0);
  const variables = Object.keys(environment).filter((name) => passed.test(name));
  return [command, ...options(list, processes, { isRoot, variables: variables.sort() }), ...words];
}
