import { readTensors } from "../../src/tensorfile/index.js";
import { decodeTensors } from "../../src/tensors/index.js";
import { inChromium } from "../browser/chromium.js";
import { assertOutputs, fixtures } from "../replay/fixture.js";
import { servedPage } from "./served.js";

/** All four cases take two minutes in WebAssembly, and as long on a software driver of WebGPU. */
const isWhole = process.env.HCSC_WHOLE_REPLAY === "1";
/** This one takes seconds in each home. */
const cases = fixtures.filter((name) => (isWhole ? name.startsWith("train-") : name === "train-paper-cifar-stem"));

/** How many times the fixtures' tolerances are allowed: on WebGPU as in Node. */
const homes = [
  { name: "in WebAssembly on 1 thread", options: { provider: "cpu", threads: 1 }, slack: 1 },
  { name: "in WebAssembly on 2 threads", options: { provider: "cpu", threads: 2 }, slack: 1 },
  { name: "on WebGPU", options: { provider: "webgpu", crossCheck: false }, slack: 2 },
] as const;

for (const { name, options, slack } of homes)
  inChromium(`the cases of training replay in a page, ${name}`, async (t) => {
    const page = await servedPage(t, true);
    for (const fixture of cases) {
      const found = (await page.evaluate(`page.replay("${fixture}", ${JSON.stringify(options)})`)) as {
        readonly seconds: number;
        readonly file: string;
      };
      const { tensors } = decodeTensors(Buffer.from(found.file, "base64"), fixture);
      assertOutputs(t, await readTensors(`test/fixtures/${fixture}.safetensors`), Object.fromEntries(tensors), slack);
      t.log(`${fixture}: ${found.seconds.toFixed(1)} s`);
    }
  });
