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
