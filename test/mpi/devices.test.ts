import test from "ava";
import { withDevice } from "../../src/learner/machineShare.js";
import { deviceTest } from "../webgpu/device.js";
import { mpirun, script, withLauncher } from "./mpirun.js";

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
  (title, run) => withLauncher("openmpi", title, run),
);

test("of the processes of a machine each takes a device, of those that it may see", (t) => {
  const taken = (provider: string, visible?: string) => [0, 1, 2].map((place) => withDevice(provider, place, visible));
  t.deepEqual(taken("cuda"), ["cuda:0", "cuda:1", "cuda:2"]);
  t.deepEqual(taken("auto"), ["auto:0", "auto:1", "auto:2"]);
  t.deepEqual(taken("cuda", "4,5"), ["cuda:0", "cuda:1", "cuda:0"]);
  t.deepEqual(taken("cuda", "GPU-8932"), ["cuda:0", "cuda:0", "cuda:0"]); // Slurm has given each its own
  t.deepEqual(taken("cuda:1"), ["cuda:1", "cuda:1", "cuda:1"]);
  t.deepEqual(taken("webgpu"), ["webgpu", "webgpu", "webgpu"]);
  t.deepEqual(taken("cpu"), ["cpu", "cpu", "cpu"]);
});
