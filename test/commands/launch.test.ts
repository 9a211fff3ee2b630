/** `hcsc launch`, and what ends processes that were given different things. */
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { mpirun, withLauncher } from "../mpi/mpirun.js";
import { hcsc, hcscInterrupted, withRecipe } from "./cli.js";

const main = resolve("build/src/cli/main.js");
const few = "synthetic:count=64,size=16";

withLauncher("openmpi", "the line of the launcher is printed, and starts nothing", async (t) => {
  const command = ["train", "--out", "run", "--resume"];
  const asked = ["launch", "--hosts", "a:2,b:2", "--launcher", "mpirun.openmpi", "--print"];
  const { code, stdout } = await hcsc(...asked, "--", ...command);
  t.is(code, 0);
  t.regex(stdout, /^mpirun\.openmpi --host a:2,b:2 -np 4 --bind-to none .*node .*main\.js train --out run --resume\n$/);
  const nowhere = await hcsc(...asked, "--", "train", "--data", few, "--recipe", "demo");
  t.is(nowhere.code, 2);
  t.regex(nowhere.stderr, /the run's folder is needed.*\(see --out\)/);
});

withLauncher(
  "mpich",
  "launch starts a run, and a stop that is asked for is agreed by all, saved, and 130",
  async (t) => {
    const { folder, recipe } = await withRecipe({ epochs: 500 });
    const run = join(folder, "run");
    const train = ["train", "--data", few, "--recipe", recipe, "--out", run, "--workers", "1"];
    const steps = async () =>
      (await readFile(join(run, "metrics.jsonl"), "utf8").catch(() => "")).split('"kind":"step"').length - 1;
    const line = ["launch", "--hosts", "localhost:2", "--launcher", "mpirun.mpich", "--restarts", "1", "--", ...train];
    const { code, stdout, stderr } = await hcscInterrupted(line, async () => (await steps()) >= 3, "SIGTERM");
    t.is(code, 130, stderr);
    t.regex(stderr, /^on .+: process 0 \(PID \d+\), process 1 \(PID \d+\)$/m);
    t.regex(stdout, /--resume/);
    const saved = (await readdir(join(run, "checkpoints"))).sort().at(-1);
    t.is(saved, `step-${String(await steps()).padStart(8, "0")}.safetensors`);
  },
);

withLauncher(
  "openmpi",
  "a process of other images, another recipe or another version ends all, and is named",
  async (t) => {
    const { folder, recipe } = await withRecipe();
    const [here, there] = [join(folder, "here"), join(folder, "there")];
    const pixel = (grey: number) => Buffer.concat([Buffer.from("P5 16 16 255\n"), Buffer.alloc(256, grey)]);
    for (const [place, shade] of [
      [here, 0],
      [there, 100],
    ] as const) {
      await mkdir(join(place, "photos"), { recursive: true });
      for (let i = 0; i < 32; i++) await writeFile(join(place, "photos", `${i}.pgm`), pixel(shade + i));
      await writeFile(join(place, "tiny.json"), await readFile(recipe));
    }
    const changed = JSON.parse(await readFile(recipe, "utf8"));
    await writeFile(join(there, "other.json"), JSON.stringify({ ...changed, epochs: 7 }));
    await writeFile(join(here, "other.json"), JSON.stringify(changed));
    // The same software but for the number of its version.
    const older = join(folder, "older");
    await cp("build/src", join(older, "build/src"), { recursive: true });
    await symlink(resolve("node_modules"), join(older, "node_modules"));
    const described = JSON.parse(await readFile("package.json", "utf8"));
    await writeFile(join(older, "package.json"), JSON.stringify({ ...described, version: "0.0.9" }));
    const script = join(folder, "start.sh");
    await writeFile(
      script,
      'cd "$1"; main=$2; if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then cd "$3"; main=$4; fi; shift 4; exec "$0" "$main" "$@"',
    );
    const start = (other: { readonly place?: string; readonly main?: string }, asked: string, data: string) =>
      mpirun(
        "openmpi",
        2,
        [
          "-e",
          `require("node:child_process").spawnSync("sh", ["-c", require("node:fs").readFileSync(${JSON.stringify(script)}, "utf8"), process.execPath, ...process.argv.slice(1)], { stdio: "inherit" }).status === 0 || process.exit(2)`,
          "--",
          here,
          main,
          other.place ?? here,
          other.main ?? main,
          "train",
          "--recipe",
          asked,
          "--data",
          data,
          "--out",
          join(folder, "run"),
          "--workers",
          "1",
        ],
        { seconds: 120 },
      );
    const images = await start({ place: there }, "tiny.json", "photos");
    t.not(images.code, 0);
    t.regex(images.stderr, /process 1 has another set of images \(by its fingerprint\) than process 0/);
    const recipes = await start({ place: there }, "other.json", few);
    t.not(recipes.code, 0);
    t.regex(recipes.stderr, /process 1 has another file other\.json \(by its SHA-256\) than process 0/);
    const versions = await start({ main: join(older, "build/src/cli/main.js") }, "tiny.json", few);
    t.not(versions.code, 0);
    t.regex(versions.stderr, /process 1 has another software than process 0: .*0\.0\.9/);
  },
);
