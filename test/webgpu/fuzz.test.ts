import { drawnOps } from "../fuzz/arbitraries.js";
import type { Case } from "../fuzz/case.js";
import { fuzz, fuzzSteps, told, whatIsWrong } from "../fuzz/fuzz.js";
import { Runner } from "../fuzz/runner.js";
import { shownStep } from "../fuzz/steps.js";
import { fed } from "../fuzz/take.js";
import { deviceTest } from "./device.js";

/** The same with every run, so that what passes here once passes again; `npm run fuzz` draws others, and more. */
const seed = 20261126;

deviceTest("drawn cases of every op and every gradient rule give the CPU's numbers", async (t) => {
  const { findings, cases, seconds } = await fuzz({ cases: 5 * drawnOps.length, seed });
  t.log(`${cases} cases in ${seconds.toFixed(0)} s, seed ${seed}`);
  t.deepEqual(findings.map(told), []);
});

deviceTest("steps of drawn widths and image sides give the CPU's numbers, tensor by tensor", async (t) => {
  const findings = await fuzzSteps({ cases: 2, seed });
  t.log(`seed ${seed}`);
  t.deepEqual(
    findings.map(({ step, verdict }) => `${shownStep(step)}: ${whatIsWrong(verdict)}`),
    [],
  );
});

const plain = (op: Case["op"], ...inputs: Case["inputs"]): Case => ({ op, inputs, differentiated: false, seed: 1 });

for (const [what, kind, wrong] of [
  ["wrong numbers", "differs", plain("Conv", fed([1, 6, 7, 7]), fed([4, 6, 3, 3]))],
  ["a failed run", "fails", plain("Softmax", fed([0, 4]))],
  ["a process that ends", "ends", plain("MatMul", fed([2, 0]), fed([0, 3]))],
] as const)
  deviceTest(`without the rules for devices the fuzz sees ${what}, and goes on`, async (t) => {
    const runner = new Runner("plain");
    t.teardown(() => runner.close());
    const right = plain("Neg", fed([3]));
    const verdicts = await runner.run([right, wrong, right]);
    t.deepEqual(
      verdicts.map((v) => v.kind),
      ["agrees", kind, "agrees"],
    );
  });
