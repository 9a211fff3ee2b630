import { openEngine } from "../../src/runtime/index.js";
import { inChromium } from "../browser/chromium.js";
import { servedPage } from "./served.js";
import { type Stepped, takeSteps } from "./steps.js";

type InPage = Stepped & { readonly checked: readonly string[]; readonly isolated: boolean };

const steps = 2;
/** Once: the numbers it starts from are drawn from one stream. */
const inNode = openEngine({ threads: 1 }).then((engine) => takeSteps(engine, steps));

const near = (a: readonly number[], b: readonly number[]): number => Math.max(...a.map((x, i) => Math.abs(x - b[i])));

for (const threads of [1, 2])
  inChromium(
    `an engine in a page, in WebAssembly on ${threads} thread${threads > 1 ? "s" : ""}, steps as Node's`,
    async (t) => {
      const page = await servedPage(t, threads > 1);
      const found = (await page.evaluate(`page.steps({ threads: ${threads} }, ${steps})`)) as InPage;
      const expected = await inNode;
      t.is(found.isolated, threads > 1);
      t.true(near(found.losses, expected.losses) < 1e-5, `${found.losses} and ${expected.losses}`);
      t.true(near(found.queue, expected.queue) < 1e-5);
      t.deepEqual(found.traffic, { toDevice: 0, fromDevice: 0 });
    },
  );

inChromium("an engine in a page, on WebGPU, steps as Node's, checks its first run, and keeps its state", async (t) => {
  const page = await servedPage(t, false);
  const found = (await page.evaluate(`page.steps({ provider: "webgpu" }, ${steps})`)) as InPage;
  const expected = await inNode;
  t.true(near(found.losses, expected.losses) < 1e-4, `${found.losses} and ${expected.losses}`);
  t.true(near(found.queue, expected.queue) < 1e-4);
  t.deepEqual(found.checked, ["step"]);
  // Nothing of the state crosses: the feeds go in, and one loss of four bytes comes out.
  t.deepEqual(found.traffic, { toDevice: found.fed, fromDevice: 4 });
});

inChromium("on WebGPU a state outlives the programs that wrote it, of a size known before or not", async (t) => {
  const page = await servedPage(t, false);
  for (const size of ["3", '"n"'])
    t.deepEqual(await page.evaluate(`page.handedOn(${size})`), { shape: [3], numbers: [256, 512, 768] });
});

inChromium(
  "a GPU that goes away in the middle of steps is an error of its own, and another engine goes on",
  async (t) => {
    const page = await servedPage(t, false);
    const { code, losses } = (await page.evaluate("page.lose()")) as {
      readonly code: string;
      readonly losses: readonly number[];
    };
    t.regex(code, /^lost: the GPU is lost \(.*\): (what was asked of it is lost|\w+ cannot be done)\.$/);
    t.true(near(losses, (await inNode).losses.slice(0, 1)) < 1e-4);
  },
);
