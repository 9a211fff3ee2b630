import { readFile } from "node:fs/promises";
import type { ExecutionContext } from "ava";
import type { CrossCheck } from "../../src/engine/crossCheck.js";
import { DeviceSessions } from "../../src/engine/deviceSessions.js";
import { ProviderError } from "../../src/errors.js";
import { defects } from "../../src/graph/passes/device/defects.js";
import { resnet } from "../../src/nn/index.js";
import { compile, fusedStep, packState, results, type StepSettings } from "../../src/programs/index.js";
import { hcscProcess, withRecipe } from "../commands/cli.js";
import { allFeeds, fedTo, net, settings, startingState } from "../programs/smallStep.js";
import { sessionsIn } from "../runtime/sessions.js";
import { deviceTest } from "./device.js";

/** A width at which a convolution of WebGPU reads the wrong channels. */
const six: StepSettings = {
  ...settings,
  encoder: { ...settings.encoder, backbone: resnet({ ...net, widths: [6, 12] }) },
};
const rule = "a convolution of 3n channels to 4m reads the wrong ones";

/** Sessions on WebGPU as an engine's thread has them, in this thread, so that a row of the table can be taken out. */
async function sessionsOn(t: ExecutionContext, crossCheck: boolean) {
  const open = await sessionsIn();
  const checks: CrossCheck[] = [];
  const sessions = new DeviceSessions(open("webgpu"), {
    provider: "webgpu",
    precision: "fp32",
    openCpu: () => open("cpu"),
    crossCheck,
    capture: false,
    onChecked: (check) => checks.push(check),
  });
  t.teardown(() => sessions.close());
  return { sessions, checks };
}

/** The first step of a training whose encoder is six channels wide. */
async function firstStep(t: ExecutionContext, crossCheck: boolean) {
  const { sessions, checks } = await sessionsOn(t, crossCheck);
  const target = { kind: "device", precision: "fp32" } as const;
  const program = compile(fusedStep(six, "warmup"), target);
  await sessions.load(program.name, program.model, { state: program.state, vectors: program.vectors });
  await sessions.write(packState(target, startingState(six)));
  const run = () => sessions.run(program.name, fedTo(program, allFeeds(six)), [results.loss, results.gradientNorm]);
  return { run, checks, sessions };
}

async function without<T>(row: string, use: () => Promise<T>): Promise<T> {
  const table = defects as Record<string, (typeof defects)[string]>;
  const kept = { ...table };
  delete table[row];
  try {
    return await use();
  } finally {
    for (const name of Object.keys(table)) delete table[name];
    Object.assign(table, kept); // in the same order
  }
}

deviceTest("a first step that agrees with the CPU's goes on, once for each program, outside the traffic", async (t) => {
  const { run, checks, sessions } = await firstStep(t, true);
  await run();
  t.is(checks.length, 1);
  t.is(checks[0].program, "step");
  t.true((checks[0].worst?.error ?? 1) < 1e-4, JSON.stringify(checks[0]));
  const first = sessions.traffic();
  await run();
  t.is(checks.length, 1);
  t.is(sessions.traffic().fromDevice, 2 * first.fromDevice);
});

deviceTest(
  "with a rule of the device form taken out, the first step stops the run and names what differs",
  async (t) => {
    await without(rule, async () => {
      const { run, checks } = await firstStep(t, true);
      const { message } = (await t.throwsAsync(run, { instanceOf: ProviderError })) as Error;
      t.regex(
        message,
        /^program step on webgpu does not compute what the CPU does: of next\/(query|key|optimizer\/momentum)\/\S+ \[[\d,]*\], the element \[[\d,]*\] is \S+ there and \S+ on the CPU/,
      );
      t.regex(message, /take another provider/);
      t.is(checks.length, 0);
    });
  },
);

deviceTest("unchecked, the same step gives a number that is wrong, and nothing says so", async (t) => {
  const lossOf = async () => Number((await (await firstStep(t, false)).run())[results.loss].data[0]);
  const right = await lossOf();
  const wrong = await without(rule, lossOf);
  t.true(Math.abs(wrong - right) > 1e-3 * right, `${wrong} and ${right}`);
});

deviceTest("training says that first runs agree, or is told not to compare them; the run knows which", async (t) => {
  const encoder = { backbone: "resnet8", imageSize: 8, dimension: 8, keySubBatches: 2 };
  const { folder, recipe } = await withRecipe({ epochs: 1, encoder });
  const train = (out: string, ...flags: string[]) =>
    hcscProcess(
      "train",
      "--data",
      "synthetic:count=16,size=8",
      "--recipe",
      recipe,
      "--out",
      out,
      "--provider",
      "webgpu",
      ...flags,
    );
  const described = async (out: string) => JSON.parse(await readFile(`${out}/run.json`, "utf8")).sessions.at(-1);
  const [checked, unchecked] = [`${folder}/checked`, `${folder}/unchecked`];
  const first = await train(checked);
  t.is(first.code, 0, first.stderr);
  t.regex(first.stderr, /the first run of step on webgpu agrees with the CPU's .*the largest difference is/);
  const { provider, crossCheck } = await described(checked);
  t.deepEqual([provider, crossCheck], ["webgpu", true]);
  const second = await train(unchecked, "--no-cross-check");
  t.is(second.code, 0, second.stderr);
  t.notRegex(second.stderr, /agrees with the CPU/);
  t.is((await described(unchecked)).crossCheck, false);
});
