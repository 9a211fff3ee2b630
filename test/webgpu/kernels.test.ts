/** Kernels that a step launches on WebGPU, by ONNX Runtime's own log: a node may take several, and turns of tensors are in no graph. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { deviceTest } from "./device.js";

const child = fileURLToPath(new URL("./kernelsChild.js", import.meta.url));

/** The kernels that a child's step launches, by name and what stands beside it, e.g. `Transpose[0-2-3-1]`. */
async function kernelsOf(backbone: string): Promise<readonly string[]> {
  const { stderr } = await promisify(execFile)(process.execPath, [child], {
    env: { ...process.env, HCSC_BACKBONE: backbone },
    maxBuffer: 1 << 26,
  });
  return [...stderr.matchAll(/Starting program "(\w+(?:\[[^\]]*\])?)/g)].map(([, kernel]) => kernel);
}

/** What is reached (paper loss, three levels); before rows were added where they lie, and layers normalised by one kernel, 488 and 1,626. */
const most = { resnet8: 475, "vit-tiny-patch4": 1272 } as const;

for (const [backbone, limit] of Object.entries(most))
  deviceTest(
    `a step of ${backbone} launches ${limit} kernels at most, and no reduction turns images first`,
    async (t) => {
      const kernels = await kernelsOf(backbone);
      t.log(`${kernels.length} kernels`);
      t.true(kernels.length > 100 && kernels.length <= limit, String(kernels.length));
      t.deepEqual(
        kernels.filter((kernel) => kernel === "Transpose[3-0-1-2]"),
        [],
      );
    },
  );
