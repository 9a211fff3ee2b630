/** Kernels that a step launches on WebGPU: a node may take several, and turns of tensors before them are in no graph. */
import { launchesOf } from "../../tools/bench/kernels.js";
import { recipeOf } from "../../tools/bench/steps.js";
import { deviceTest } from "./device.js";

/** What is reached (paper loss, three levels); before rows were added where they lie, and layers normalised by one kernel, a vision transformer's launched 1,626. */
const most = { resnet8: 467, "vit-tiny-patch4": 1272 } as const;

for (const [backbone, limit] of Object.entries(most))
  deviceTest(
    `a step of ${backbone} launches ${limit} kernels at most, and no reduction turns images first`,
    async (t) => {
      const launches = await launchesOf(recipeOf({ backbone, batchSize: 2, imageSize: 32 }), 1);
      t.log(`${launches.length} kernels`);
      t.true(launches.length > 100 && launches.length <= limit, String(launches.length));
      t.deepEqual(
        launches.filter(({ kernel }) => kernel === "Transpose[3-0-1-2]").map(({ node }) => node),
        [],
      );
    },
  );
