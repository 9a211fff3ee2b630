import { readTensors } from "../../src/tensorfile/index.js";
import { decodeTensors } from "../../src/tensors/index.js";
import { inChromium } from "../browser/chromium.js";
import { assertOutputs, fixtures } from "../replay/fixture.js";
import { servedPage } from "./served.js";

const cases = fixtures.filter((name) => name.startsWith("train-"));
/** Where they take long, the smallest alone: all four take half a minute on one thread, and two on a software driver of WebGPU. */
const smallest = ["train-paper-cifar-stem"];
const isWhole = process.env.HCSC_WHOLE_REPLAY === "1";

/** Where they run, how many times the fixtures' tolerances are allowed (on WebGPU as in Node), and which are always taken. */
const homes = [
  { name: "in WebAssembly on 1 thread", options: { provider: "cpu", threads: 1 }, slack: 1, taken: smallest },
  { name: "in WebAssembly on 2 threads", options: { provider: "cpu", threads: 2 }, slack: 1, taken: cases },
  { name: "on WebGPU", options: { provider: "webgpu", crossCheck: false }, slack: 2, taken: smallest },
] as const;

for (const { name, options, slack, taken } of homes)
  inChromium(`the cases of training replay in a page, ${name}`, async (t) => {
    const page = await servedPage(t, true);
    for (const fixture of isWhole ? cases : taken) {
      const found = (await page.evaluate(`page.replay("${fixture}", ${JSON.stringify(options)})`)) as {
        readonly seconds: number;
        readonly file: string;
      };
      const { tensors } = decodeTensors(Buffer.from(found.file, "base64"), fixture);
      assertOutputs(t, await readTensors(`test/fixtures/${fixture}.safetensors`), Object.fromEntries(tensors), slack);
      t.log(`${fixture}: ${found.seconds.toFixed(1)} s`);
    }
  });
