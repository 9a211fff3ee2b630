import { readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { hcscProcess, tinyRecipe, withRecipe } from "../commands/cli.js";
import { deviceTest } from "./device.js";

const train = "synthetic:count=48,size=8";
const held = "synthetic:count=200,size=8,seed=9";
const common = { imageSize: 8, dimension: 8, keySubBatches: 2 } as const;
const small = {
  "a ResNet": { epochs: 3, encoder: { backbone: "resnet8", ...common } },
  "a ViT": {
    epochs: 1,
    method: { ...tinyRecipe.method, warmupEpochs: 0 },
    encoder: { backbone: "vit-tiny-patch4", width: 1 / 16, head: "mlp-bn", ...common },
    optimizer: { kind: "adamw", learningRate: 0.01, weightDecay: 0.05 },
  },
} as const;

for (const [name, network] of Object.entries(small))
  deviceTest(
    `${network.epochs} epochs of ${name} give the CPU's loss curve within 1 %, and its kNN within a point`,
    async (t) => {
      const { folder, recipe } = await withRecipe({ ...network, batchSize: 8 });
      const runOn = async (provider: string) => {
        const run = join(folder, provider);
        const asked = ["--data", train, "--test", held, "--recipe", recipe, "--out", run, "--provider", provider];
        const trained = await hcscProcess("train", ...asked);
        t.is(trained.code, 0, trained.stderr);
        const metrics = (await readFile(join(run, "metrics.jsonl"), "utf8")).trim().split("\n");
        const events = metrics.map((line) => JSON.parse(line) as { kind: string; loss: number; knnAfter: number });
        return {
          stderr: trained.stderr,
          losses: events.filter((e) => e.kind === "step").map((e) => e.loss),
          top1: events.filter((e) => e.kind === "evaluation").map((e) => e.knnAfter),
        };
      };
      const [cpu, device] = [await runOn("cpu"), await runOn("webgpu")];
      t.regex(device.stderr, /every node of step runs on webgpu/);
      t.regex(device.stderr, /every node of encoder runs on webgpu/);
      t.is(device.losses.length, 6 * network.epochs);
      t.is(device.top1.length, 1);
      for (const [step, loss] of cpu.losses.entries())
        t.true(
          Math.abs(device.losses[step] - loss) <= 0.01 * loss,
          `step ${step}: ${device.losses[step]} against ${loss}`,
        );
      for (const [i, top1] of cpu.top1.entries()) t.true(Math.abs(device.top1[i] - top1) <= 1);
    },
    test,
  );
