/** Lines of launchers, and how often and how a launcher is started; those here are scripts. */
import { chmod, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { onDisk } from "../../src/disk/index.js";
import { ProviderError, UsageError } from "../../src/errors.js";
import { broughtToEnd, findLauncher, hostsOf, launcherLine, type Request } from "../../src/launch/index.js";
import { loadRecipe } from "../../src/presets/index.js";
import { saveCheckpoint } from "../../src/train/checkpoint.js";
import { RunFolder } from "../../src/train/index.js";
import { withRecipe } from "../commands/cli.js";

/** A launcher that says it is of a make, and does something else each time it is started. */
async function fake(says: string, ...starts: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-launcher-"));
  const command = join(folder, "mpirun");
  const cases = starts.map((script, i) => `  ${i + 1}) ${script};;`).join("\n");
  await writeFile(
    command,
    `#!/bin/sh
case "$*" in -*version) echo "${says}"; exit;; esac
echo "$*" >> "${folder}/lines"
case $(wc -l < "${folder}/lines") in
${cases}
esac
`,
  );
  await chmod(command, 0o755);
  const lines = async () => (await readFile(join(folder, "lines"), "utf8")).trim().split("\n");
  return { command, lines };
}

/** A run in a folder, and what it takes to bring it to its last epoch. */
async function runAt(epoch: number, hasEnded: boolean): Promise<string> {
  const { folder, recipe } = await withRecipe();
  const read = await loadRecipe(recipe, []);
  const path = join(folder, "run");
  const description = { recipe: read, data: "", images: 64, versions: {}, started: "" };
  const run = await RunFolder.create(onDisk(path), description);
  const position = { epoch, batch: 0, step: 4 * epoch, enqueued: 0 };
  await saveCheckpoint(run, { position, tensors: {}, assignments: [] }, () => false);
  if (hasEnded) await run.append({ kind: "session", step: position.step });
  return path;
}

async function brought(command: string, changes: Partial<Request> = {}) {
  const told: string[] = [];
  const none = new AbortController().signal;
  const ending = await broughtToEnd({
    launcher: await findLauncher(command),
    hosts: hostsOf("a"),
    words: ["begin"],
    run: null,
    restarts: 2,
    pauseSeconds: 0.01,
    graceSeconds: 0.3,
    startSeconds: 60,
    environment: process.env,
    isRoot: false,
    signal: none,
    atOnce: none,
    tell: (line) => told.push(line),
    ...changes,
  });
  return { ...ending, told };
}

test("machines are read with their processes, and what is none is named", (t) => {
  t.deepEqual(hostsOf("a:2, 10.0.0.7"), [
    { host: "a", slots: 2 },
    { host: "10.0.0.7", slots: 1 },
  ]);
  for (const text of ["", "a,,b", "a:0", "a b"])
    t.is(t.throws(() => hostsOf(text), { instanceOf: UsageError })?.code, "wrong-value", text);
});

test("each make gets the line that it takes", async (t) => {
  const environment = { HCSC_MPI_LIBRARY: "x", PATH: "/bin", NO_COLOR: "1" };
  const lineOf = async (says: string, isRoot: boolean) => {
    const launcher = { ...(await findLauncher((await fake(says)).command)), command: "mpirun" };
    return launcherLine(launcher, hostsOf("a:2,b:2"), ["node", "main.js"], { isRoot, environment }).join(" ");
  };
  t.is(
    await lineOf("mpirun (Open MPI) 5.0.7", true),
    "mpirun --host a:2,b:2 -np 4 --bind-to none --mca mpi_yield_when_idle 1 --allow-run-as-root -x HCSC_MPI_LIBRARY -x NO_COLOR node main.js",
  );
  t.notRegex(await lineOf("mpirun (Open MPI) 5.0.7", false), /root/);
  t.is(await lineOf("HYDRA build details:", true), "mpirun -hosts a:2,b:2 -np 4 node main.js");
});

test("a launcher that is not there, or of no make that is known, is an error that says what to take", async (t) => {
  const absent = await t.throwsAsync(findLauncher("/nowhere/mpirun"), { instanceOf: ProviderError });
  t.regex(absent?.message ?? "", /cannot be started \(ENOENT\): install Open MPI or MPICH/);
  const other = await fake("Another 1.0");
  const unknown = await t.throwsAsync(findLauncher(other.command), { instanceOf: ProviderError });
  t.regex(unknown?.message ?? "", /says that it is Another 1\.0/);
});

test("a command that is broken off is started again, as often as asked for; wrong usage is not", async (t) => {
  const twice = await fake("Open MPI", "exit 137", "exit 0");
  t.like(await brought(twice.command), { exitCode: 0, starts: 2 });
  const always = await fake("Open MPI", "exit 9", "exit 9", "exit 9", "exit 0");
  const { exitCode, starts, told } = await brought(always.command);
  t.deepEqual([exitCode, starts], [1, 3]);
  t.regex(told.at(-1) ?? "", /has ended with code 9, after 2 restarts/);
  const crashed = await fake("Open MPI", "kill -SEGV $$", "exit 0");
  const { told: ofCrash, ...ending } = await brought(crashed.command);
  t.like(ending, { exitCode: 0, starts: 2 });
  t.regex(ofCrash[0], /was itself ended by SIGSEGV; restart 1 of 2/);
  const wrong = await fake("Open MPI", "exit 2");
  t.like(await brought(wrong.command), { exitCode: 2, starts: 1 });
});

test("a process that is killed before all are together is told of by the launcher's code, and after that is not", async (t) => {
  const two = hostsOf("a,b");
  const early = await fake("Open MPI", "exit 137");
  t.regex(
    (await brought(early.command, { hosts: two, restarts: 0 })).told.at(-1) ?? "",
    /has ended with code 137 \(a process was ended by SIGKILL before all had come together\)/,
  );
  const later = await fake("Open MPI", "echo 'on a: process 0 (PID 4), process 1 (PID 5)' >&2; exit 137");
  t.regex((await brought(later.command, { hosts: two, restarts: 0 })).told.at(-1) ?? "", /has ended with code 137$/);
});

test("a launcher that says that it ends all, and does not end, is killed; that all were not together yet is said", async (t) => {
  const words = "echo 'a non-zero exit code. Per user-direction, the job has been aborted.' >&2; sleep 60";
  const stuck = await fake("Open MPI", words);
  const began = performance.now();
  const { told } = await brought(stuck.command, { hosts: hostsOf("a,b"), restarts: 0, graceSeconds: 0.3 });
  t.true(performance.now() - began < 10_000);
  t.regex(told[0], /did not end by itself and was killed \(a process has ended before all had come together\)$/);
});

test("a run that is not at its last epoch is not done, whatever the launcher says, and goes on", async (t) => {
  for (const [epoch, hasEnded] of [
    [1, true],
    [2, false],
  ] as const) {
    const folder = await runAt(epoch, hasEnded);
    const launcher = await fake("HYDRA", "exit 0", "exit 0");
    const { exitCode, starts, told } = await brought(launcher.command, {
      run: { folder, goOn: ["go-on"] },
      restarts: 1,
    });
    t.deepEqual([exitCode, starts], [1, 2]);
    t.regex(told[0], /has ended well, but the run is not at its end; restart 1 of 1/);
    t.deepEqual(
      (await launcher.lines()).map((line) => line.split(" ").at(-1)),
      ["begin", "go-on"],
    );
  }
  const folder = await runAt(2, true);
  t.like(await brought((await fake("HYDRA", "exit 0")).command, { run: { folder, goOn: [] } }), {
    exitCode: 0,
    starts: 1,
  });
});

test("a launcher that does not end once all is lost is killed, and what was said is told again", async (t) => {
  const lost = "process 0, on a (PID 5), ends itself, which ends all: process 1, on b (PID 6), has not been heard of";
  const deaf = await fake("Open MPI", `echo '${lost}' >&2; trap '' TERM; sleep 60 & wait; wait`, "exit 0");
  const { exitCode, starts, told } = await brought(deaf.command);
  t.deepEqual([exitCode, starts], [0, 2]);
  t.regex(
    told[0],
    /did not end by itself and was killed \(process 0, .*process 1, on b \(PID 6\), has not been heard of\)/,
  );
});

test("a launcher whose processes do not come together is killed; one whose processes have is not, nor one of a single process", async (t) => {
  const alone = "echo 'on a: process 0 (PID 5)' >&2; sleep 1.5; exit 0";
  const launcher = await fake("HYDRA", "echo 'cannot reach b' >&2; sleep 60 & wait; wait", alone);
  const { exitCode, starts, told } = await brought(launcher.command, { hosts: hostsOf("a,b"), startSeconds: 1 });
  t.deepEqual([exitCode, starts], [0, 2]);
  t.regex(
    told[0],
    /did not end by itself and was killed \(its processes have not come together in 1 s\); restart 1 of 2/,
  );
  const one = await brought((await fake("HYDRA", "sleep 0.6; exit 0")).command, { startSeconds: 0.3 });
  t.deepEqual([one.exitCode, one.starts], [0, 1]);
});

for (const [says, signal] of [
  ["Open MPI", "USR2"],
  ["HYDRA", "TERM"],
] as const)
  test(`a stop is asked for by the signal that ${says} passes on, and nothing is started again`, async (t) => {
    const stop = new AbortController();
    const launcher = await fake(
      says,
      `trap 'exit 130' ${signal}; trap '' ${signal === "TERM" ? "USR2" : "TERM"}; echo ready >&2; while :; do sleep 0.05; done`,
    );
    setTimeout(() => stop.abort(), 1500);
    t.like(await brought(launcher.command, { signal: stop.signal }), { exitCode: 130, starts: 1 });
  });
