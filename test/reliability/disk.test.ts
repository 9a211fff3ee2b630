/** Disks that are full, or may not be written to, in the middle of training. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { onDisk } from "../../src/disk/index.js";
import { DataError } from "../../src/errors.js";
import { loadRecipe } from "../../src/presets/index.js";
import { notWritten } from "../../src/tensorfile/index.js";
import { RunFolder } from "../../src/train/index.js";
import { images, tinyRecipe, withRecipe } from "../commands/cli.js";
import { launcherVariables, launcherWords, withLauncher } from "../mpi/mpirun.js";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const env = { ...process.env, ...launcherVariables, NO_COLOR: "1" };
const bash = (script: string, ...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) =>
    execFile("bash", ["-c", script, "bash", ...args], { maxBuffer: 1 << 26, env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    ),
  );

const mayMount = async (): Promise<boolean> =>
  (await bash("d=$(mktemp -d); unshare -m mount -t tmpfs tmpfs $d; code=$?; rmdir $d; exit $code")).code === 0;

/** @param before - words before the command. @param failed - what comes before the error */
async function fillsUp(t: ExecutionContext, before: readonly string[], failed: RegExp): Promise<void> {
  if (!(await mayMount())) return t.log("skipped: mounting a small file system needs root on Linux");
  const { folder, recipe } = await withRecipe({
    checkpointMinutes: 1e-6,
    encoder: { ...tinyRecipe.encoder, querySubBatches: 2, keySubBatches: 2 },
  });
  const [whole, disk] = [join(folder, "whole"), join(folder, "disk")];
  const args = ["--data", images, "--recipe", recipe];
  const train = [...before, process.execPath, "build/src/cli/main.js", "train"].join(" ");
  const undisturbed = await bash(`${train} "$@" --out "${whole}"`, ...args);
  t.is(undisturbed.code, 0, undisturbed.stderr);
  const last = (await readdir(join(whole, "checkpoints"))).sort().at(-1) as string;
  const expected = await readFile(join(whole, "checkpoints", last));
  const graphs = (await readdir(join(whole, "graphs"))).filter((name) => name.startsWith("warmup-"));
  const sizes = await Promise.all(graphs.map(async (name) => (await stat(join(whole, "graphs", name))).size));
  // Room for the first graphs, two checkpoints, and half of a third.
  const room = sizes.reduce((a, b) => a + b) + Math.round(2.6 * expected.length);
  const script = `
    run="$1/run"; hcsc="${train}"; shift
    mkdir -p "${disk}" && mount -t tmpfs -o size=${room} tmpfs "${disk}" || exit 99
    $hcsc "$@" --out "$run" 2>"${folder}/full.txt"; echo "full $?"; find "${disk}" -type f | sort
    mount -o remount,ro "${disk}"
    $hcsc --out "$run" --resume 2>"${folder}/read-only.txt"; echo "read-only $?"
    mount -o remount,rw,size=1g "${disk}"
    $hcsc --out "$run" --resume --json 2>"${folder}/room.txt" >/dev/null; echo "room $?"
    cp "$run/checkpoints/${last}" "${folder}/last"`;
  const { stdout, stderr } = await bash(`unshare -m bash -c '${script}' bash "$@"`, disk, ...args);
  const said = async (name: string) => readFile(join(folder, `${name}.txt`), "utf8");
  t.regex(stdout, /^full 1$/m, stderr);
  t.regex(await said("full"), /step-\d+\.safetensors cannot be written: the disk is full/);
  t.regex(await said("full"), failed);
  t.notRegex(await said("full"), /\n {4}at /);
  t.notRegex(stdout, /\.part|lock\.json/);
  t.regex(stdout, /^read-only 1$/m);
  t.regex(await said("read-only"), /lock\.json cannot be written: the disk is read-only/);
  t.regex(await said("read-only"), failed);
  t.regex(stdout, /^room 0$/m, await said("room"));
  t.deepEqual(await readFile(join(folder, "last")), expected, "as if the disk had never been full");
}

const full = "a disk that fills up while training is said, damages nothing, and the run goes on once there is room";
test(full, (t) => fillsUp(t, [], /(^|\n)hcsc: /));
withLauncher("openmpi", `${full}, also of two processes`, (t) =>
  fillsUp(t, launcherWords("openmpi", 2), /process 0 of 2, on .*, has failed, which ends all:\nhcsc: /),
);

test("a log that cannot be written is an error in words, for a full disk, a quota, and what comes", async (t) => {
  const { folder, recipe } = await withRecipe();
  const description = { recipe: await loadRecipe(recipe, []), data: images, images: 64, versions: {}, started: "" };
  const run = await RunFolder.create(onDisk(join(folder, "run")), description);
  await symlink("/dev/full", run.metricsFile);
  if (process.platform === "linux")
    await t.throwsAsync(run.append({ kind: "step", step: 1 }), {
      instanceOf: DataError,
      message: /metrics\.jsonl cannot be written: the disk is full/,
    });
  const failed = (code: string) => notWritten("a", Object.assign(new Error(`${code}: words`), { code })).message;
  t.regex(failed("EDQUOT"), /quota/);
  t.is(failed("EIO"), "a cannot be written: EIO: words");
});

test("a damaged description, list of images or log of a run is named, with the field, or passed over", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-damaged-"));
  const { recipe } = await withRecipe();
  const description = { recipe: await loadRecipe(recipe, []), data: images, images: 64, versions: {}, started: "" };
  const run = await RunFolder.create(onDisk(folder), description);
  await writeFile(join(folder, "images.json"), '{"images": [["a", "b"]], "sample": []}');
  await t.throwsAsync(run.images(), { message: /images\.json is damaged: images\.0\.1/ });
  await writeFile(join(folder, "images.json"), '{"images": [["a", 3]');
  await t.throwsAsync(run.images(), { message: /images\.json is damaged/ });
  await writeFile(run.metricsFile, 'null\n5\n{"kind":"step","step":1}\n{"kind":"step","step":null}\n{"kind":"st');
  t.deepEqual(await run.metrics(), [{ kind: "step", step: 1 }]);
  for (const [text, field] of [
    ["null", /all of it/],
    ["{", /run\.json is damaged/],
    [JSON.stringify({ ...description, data: 5 }), /run\.json is damaged: data/],
    [JSON.stringify({ ...description, sessions: 3 }), /sessions/],
  ] as const) {
    await writeFile(join(folder, "run.json"), text);
    await t.throwsAsync(RunFolder.open(onDisk(folder)), { message: field });
  }
});
