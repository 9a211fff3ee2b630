import { existsSync } from "node:fs";
import test from "ava";
import { listSupportedBackends } from "onnxruntime-node";
import type { Examination } from "../../src/runtime/index.js";
import { deviceTest } from "../webgpu/device.js";
import { hcsc, hcscProcess, hcscWith, images, temporary, withRecipe } from "./cli.js";

const onLinux = process.platform === "linux" ? test : test.skip;
/** Vulkan's loader finds no driver. */
const noDriver = { VK_DRIVER_FILES: "/none", VK_ICD_FILENAMES: "/none" };
const replay = async (provider: string, variables = {}) =>
  hcscWith(
    variables,
    "replay",
    "test/fixtures/optimizer-sgd.safetensors",
    `${await temporary()}/out.safetensors`,
    "--provider",
    provider,
  );

onLinux(
  "a provider asked for by name that cannot run is an error with the reason and the fix, never the CPU",
  async (t) => {
    const { code, stdout, stderr } = await replay("webgpu", noDriver);
    t.is(code, 1);
    t.is(stdout, "");
    t.regex(
      stderr,
      /no session can be opened on webgpu: .*No supported adapters.* Install the GPU maker's driver.*libvulkan1/,
    );
  },
);

onLinux("auto says which provider it takes and why it passed others over", async (t) => {
  const { code, stderr } = await replay("auto", noDriver);
  t.is(code, 0);
  t.regex(stderr, /^webgpu is passed over: .*No supported adapters/m);
  t.regex(stderr, /^the provider is cpu$/m);
});

test("a name that is no provider, one of another platform and a device that cannot be picked are told apart", async (t) => {
  const wrong = await replay("Web GPU");
  t.is(wrong.code, 2);
  t.regex(wrong.stderr, /"Web GPU" is not a name such as/);
  const device = await replay("cpu:1");
  t.is(device.code, 2);
  t.regex(device.stderr, /cpu takes no device number/);
  const available = new Set<string>(listSupportedBackends().map((b) => b.name));
  const missing = ["dml", "coreml", "cuda"].find((name) => !available.has(name)) as string;
  const absent = await replay(missing);
  t.is(absent.code, 1);
  t.regex(absent.stderr, new RegExp(`the provider ${missing} is not in this build of ONNX Runtime`));
});

/** One examination for all that asks for it: it tries every provider, by a process each. */
let examined: Promise<Awaited<ReturnType<typeof hcsc>>> | null = null;
const doctor = () => {
  examined ??= hcscProcess("doctor", "--json");
  return examined;
};

test("doctor tries every provider and reports versions, threads and memory", async (t) => {
  const { code, stdout } = await doctor();
  t.is(code, 0);
  const found = JSON.parse(stdout) as Examination;
  t.deepEqual(
    found.providers.map((p) => p.provider),
    ["cuda", "dml", "coreml", "webgpu", "cpu"],
  );
  const cpu = found.providers.find((p) => p.provider === "cpu");
  t.true(cpu?.probe?.runs === true && cpu.probe.convolution > 0 && cpu.probe.matrixProduct > 0);
  t.true(cpu?.probe?.runs === true && cpu.probe.state === "host");
  for (const { known, probe } of found.providers) t.is(known, probe !== null);
  t.true(found.threads >= 1 && found.memory.totalBytes > found.memory.freeBytes);
  t.is(found.versions.node, process.versions.node);
});

deviceTest("doctor finds that WebGPU runs, and auto does not take a driver slower than the CPU", async (t) => {
  const { stdout } = await doctor();
  const { providers } = JSON.parse(stdout) as Examination;
  const [device, cpu] = ["webgpu", "cpu"].map((name) => providers.find((p) => p.provider === name)?.probe);
  if (!device?.runs || !cpu?.runs) return t.fail(JSON.stringify(providers));
  t.is(device.state, "device");
  const { stderr } = await replay("auto");
  if (device.convolution < cpu.convolution) t.regex(stderr, /webgpu is passed over: it runs, but .*GFLOP\/s/);
  else t.notRegex(stderr, /the provider is cpu/);
});

test("half precision is refused where it would be emulated, before a run folder is made", async (t) => {
  const { folder, recipe } = await withRecipe();
  const flags = ["--data", images, "--recipe", recipe, "--out", `${folder}/run`, "--precision", "fp16"];
  const { code, stderr } = await hcsc("train", ...flags);
  t.is(code, 2);
  t.regex(stderr, /precision fp16 on the provider cpu would be emulated/);
  t.false(existsSync(`${folder}/run`));
});

deviceTest("half precision is refused with the reason on a device without it", async (t) => {
  const { stdout } = await doctor();
  const device = (JSON.parse(stdout) as Examination).providers.find((p) => p.provider === "webgpu")?.probe;
  const { folder, recipe } = await withRecipe({ epochs: 1 });
  const flags = ["--data", images, "--recipe", recipe, "--out", `${folder}/run`, "--precision", "fp16"];
  const { code, stderr } = await hcscProcess("train", ...flags, "--provider", "webgpu");
  if (device?.runs && device.precisions.includes("fp16")) t.is(code, 0, stderr);
  else {
    t.is(code, 1);
    t.regex(stderr, /precision fp16: the provider webgpu does not run float16 here/);
  }
});
