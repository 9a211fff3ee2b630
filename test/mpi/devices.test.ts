import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deviceTest } from "../webgpu/device.js";
import { mpirun, script, withLauncher } from "./mpirun.js";

const inProcesses = (title: string, run: Parameters<typeof withLauncher>[2]): void =>
  withLauncher("openmpi", title, run);

deviceTest(
  "a step that two processes share on a device is that of one",
  async (t) => {
    const asked = [script("fixtures.js"), "3", "webgpu", "train-paper-cifar-stem"];
    const { code, stdout, stderr } = await mpirun("openmpi", 2, asked, { seconds: 240 });
    t.is(code, 0, stderr);
    const [{ net, ...differences }] = JSON.parse(stdout) as readonly ({ readonly net: string } & Record<
      string,
      number[]
    >)[];
    t.is(net, "train-paper-cifar-stem");
    for (const [kind, byStep] of Object.entries(differences)) {
      t.is(byStep.length, 3);
      t.true(
        byStep.every((difference) => difference <= 1e-5),
        `${kind}: ${byStep}`,
      );
    }
  },
  inProcesses,
);

const recipe = {
  name: "tiny",
  encoder: { backbone: "resnet8", imageSize: 8, dimension: 16, querySubBatches: 2, keySubBatches: 2 },
  method: { queue: 32, clusters: [8, 4, 2], minimumClusterSize: 1, warmupEpochs: 0 },
  optimizer: { learningRate: 0.05 },
  epochs: 1,
  batchSize: 8,
};

deviceTest(
  "a run that two processes train on a device, with its draws and its clustering, takes the steps of one",
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "hcsc-devices-"));
    t.teardown(() => rm(folder, { recursive: true }));
    const file = join(folder, "tiny.json");
    await writeFile(file, JSON.stringify(recipe));
    const hcsc = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
    const losses: (readonly number[])[] = [];
    for (const processes of [1, 2]) {
      const run = join(folder, String(processes));
      const given = ["--recipe", file, "--data", "synthetic:count=24,size=8", "--out", run];
      const words = [hcsc, "train", ...given, "--provider", "webgpu", "--no-cross-check"];
      const { code, stderr } = await mpirun("openmpi", processes, words, { seconds: 240 });
      t.is(code, 0, stderr);
      const lines = (await readFile(join(run, "metrics.jsonl"), "utf8")).trim().split("\n");
      const metrics = lines.map((line) => JSON.parse(line) as { readonly kind: string; readonly loss: number });
      losses.push(metrics.flatMap(({ kind, loss }) => (kind === "step" ? [loss] : [])));
    }
    const [one, two] = losses;
    t.is(one.length, 3);
    t.is(two.length, 3);
    for (const [i, loss] of one.entries()) {
      t.true(loss > 0.1);
      t.true(Math.abs(two[i] - loss) < 1e-5 * loss, `step ${i + 1}: ${two[i]}, and ${loss} of one process`);
    }
  },
  inProcesses,
);
