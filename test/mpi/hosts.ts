/**
 * Machines for tests: network namespaces of Linux, each with a name and an address of its own, joined by a switch whose links can be cut.
 * They share processes and files with the machine that they are on. Making them takes root and `ip` (iproute2).
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Hosts {
  /** Addresses, which the launchers know them by. */
  readonly addresses: readonly string[];
  /** What they call themselves. */
  readonly names: readonly string[];
  /** Variables by which launchers and MPI libraries reach them, and use their network alone. */
  readonly environment: Readonly<Record<string, string>>;
  /** Starts a program on one, in a group of its own. */
  start(
    host: number,
    words: readonly string[],
    environment?: Readonly<Record<string, string | undefined>>,
  ): ChildProcess;
  /** Cuts its link to the others, or mends it. */
  link(host: number, to: "up" | "down"): void;
  /** Bytes that have left it. */
  sentBytes(host: number): number;
  /** Ends what runs there, and takes them away. */
  close(): void;
}

const ip = (...args: readonly string[]): string => execFileSync("ip", args, { encoding: "utf8", stdio: "pipe" });
let made = 0;

/** Why there can be none here; null: there can. */
export function noHosts(): string | null {
  const name = `hcsc-try-${process.pid}`;
  try {
    ip("netns", "add", name);
    ip("netns", "del", name);
    execFileSync("unshare", ["--uts", "true"], { stdio: "pipe" });
    return null;
  } catch (error) {
    return `network namespaces need root and iproute2: ${(error as Error).message.split("\n").at(-1) || (error as Error).message}`;
  }
}

export function openHosts(count: number): Hosts {
  const prefix = `hcsc${process.pid}-${made++}`;
  const switched = `${prefix}s`;
  const folder = mkdtempSync(join(tmpdir(), "hcsc-hosts-"));
  const all = Array.from({ length: count }, (_, i) => ({
    space: `${prefix}h${i}`,
    name: `machine${i}`,
    address: `10.77.0.${i + 1}`,
  }));
  const own = ({ space, name }: (typeof all)[number], words: readonly string[]): readonly string[] => [
    ...["netns", "exec", space, "unshare", "--uts", "sh", "-c", `hostname ${name}; exec "$@"`, "sh"],
    ...words,
  ];
  ip("netns", "add", switched);
  ip("-n", switched, "link", "add", "br0", "type", "bridge");
  ip("-n", switched, "link", "set", "br0", "up");
  for (const [i, { space, address }] of all.entries()) {
    ip("netns", "add", space);
    ip("link", "add", "eth0", "netns", space, "type", "veth", "peer", "name", `port${i}`, "netns", switched);
    ip("-n", space, "link", "set", "lo", "up");
    ip("-n", space, "addr", "add", `${address}/24`, "dev", "eth0");
    ip("-n", space, "link", "set", "eth0", "up");
    ip("-n", switched, "link", "set", `port${i}`, "master", "br0");
    ip("-n", switched, "link", "set", `port${i}`, "up");
  }
  // In place of ssh: [options] ADDRESS COMMAND…
  const shell = join(folder, "shell.sh");
  const cases = all.map(
    (host) =>
      `  ${host.address}) set -- ip ${own(host, ["sh", "-c"])
        .map((w) => `'${w}'`)
        .join(" ")} "$*";;`,
  );
  writeFileSync(
    shell,
    `#!/bin/sh\nwhile [ "\${1#-}" != "$1" ]; do shift; done\nhost=$1; shift\ncase $host in\n${cases.join("\n")}\nesac\nexec "$@"\n`,
  );
  chmodSync(shell, 0o755);
  return {
    addresses: all.map(({ address }) => address),
    names: all.map(({ name }) => name),
    environment: {
      OMPI_MCA_plm_rsh_agent: shell,
      OMPI_MCA_pml: "ob1",
      OMPI_MCA_btl: "tcp,self",
      OMPI_MCA_btl_tcp_if_include: "10.77.0.0/24",
      OMPI_MCA_oob_tcp_if_include: "10.77.0.0/24",
      HYDRA_LAUNCHER: "rsh",
      HYDRA_LAUNCHER_EXEC: shell,
      UCX_TLS: "tcp,self",
    },
    start: (host, words, environment = {}) =>
      spawn("ip", own(all[host], words), {
        detached: true,
        env: { ...process.env, ...environment },
        stdio: ["ignore", "pipe", "pipe"],
      }),
    link: (host, to) => {
      ip("-n", switched, "link", "set", `port${host}`, to);
    },
    sentBytes: (host) =>
      Number(ip("netns", "exec", all[host].space, "cat", "/sys/class/net/eth0/statistics/tx_bytes")) ||
      Number(/eth0:(?:\s+\d+){8}\s+(\d+)/.exec(ip("netns", "exec", all[host].space, "cat", "/proc/net/dev"))?.[1]),
    close() {
      for (const { space } of all) {
        for (const pid of ip("netns", "pids", space).split("\n").filter(Boolean)) process.kill(Number(pid), "SIGKILL");
        ip("netns", "del", space);
      }
      ip("netns", "del", switched);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The processes of a world that run a command now, by rank; `mark` stands among their words. */
export function ranksOf(mark: string): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const pid of execFileSync("ps", ["-e", "-o", "pid="], { encoding: "utf8" }).split("\n").map(Number)) {
    try {
      const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, "latin1").split("\0");
      if (!read("cmdline")[0].endsWith("node") || !read("cmdline").includes(mark)) continue;
      const rank = read("environ").flatMap((v) => /^(?:OMPI_COMM_WORLD_RANK|PMI_RANK)=(\d+)$/.exec(v)?.[1] ?? [])[0];
      if (rank !== undefined) found.set(Number(rank), pid);
    } catch {} // it has just ended
  }
  return found;
}
