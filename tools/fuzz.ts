/**
 * `npm run fuzz [-- --cases N --seed S --op NAME --steps N]`: draws shapes and attributes of every op that the builder has and of every
 * gradient rule, and training steps of odd widths and image sizes, and compares the form for devices on WebGPU with the CPU
 * provider. `--plain` leaves out the rules for devices, to see what they avoid. Exit code 1 on a finding, 2 on wrong usage.
 */
import { parseArgs } from "node:util";
import { drawnOps } from "../test/fuzz/arbitraries.js";
import { fuzz, fuzzSteps, type Progress, type StepFinding, told, whatIsWrong } from "../test/fuzz/fuzz.js";
import { shownStep } from "../test/fuzz/steps.js";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "5000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    op: { type: "string", multiple: true, default: [] },
    steps: { type: "string", default: "40" },
    plain: { type: "boolean", default: false },
  },
});
const whole = (name: "cases" | "seed" | "steps"): number => {
  const n = Number(values[name]);
  if (!Number.isInteger(n) || n < 0) usage(`--${name} ${values[name]} is not a whole number`);
  return n;
};
const [cases, seed, steps] = [whole("cases"), whole("seed"), whole("steps")];
const unknown = values.op.filter((op) => !(drawnOps as readonly string[]).includes(op));
if (unknown.length > 0) usage(`no op ${unknown} is drawn. Choose of ${drawnOps.join(", ")}`);
const ops = values.op.length > 0 ? drawnOps.filter((op) => values.op.includes(op)) : drawnOps;

function usage(problem: string): never {
  console.error(problem);
  process.exit(2);
}

let shown = 0;
/** A line every five seconds. */
function progress({ done, total, perSecond }: Progress): void {
  if (performance.now() - shown < 5000 && done < total) return;
  shown = performance.now();
  console.error(
    `${done} of ${total}, ${perSecond.toFixed(1)} a second, ${Math.round((total - done) / perSecond)} s left`,
  );
}

const form = values.plain ? "plain" : "device";
console.log(`seed ${seed}`);
const began = performance.now();
const { findings, ...outcome } = await fuzz({
  cases,
  seed,
  ops,
  form,
  onFinding: (finding) => console.log(told(finding)),
  onProgress: progress,
});
for (const [about, n] of outcome.refused) console.log(`refused by name, ${n} times: ${about}`);
for (const [about, n] of outcome.unanswered) console.log(`not answered by the CPU, ${n} times: ${about}`);
const onStep = ({ step, verdict }: StepFinding) =>
  console.log(`${shownStep(step)}\n  ${whatIsWrong(verdict)}\n  ${JSON.stringify(step)}`);
const stepFindings =
  steps === 0 || values.op.length > 0
    ? []
    : await fuzzSteps({ cases: steps, seed, form, onProgress: progress, onFinding: onStep });
const found = findings.length + stepFindings.length;
const seconds = (performance.now() - began) / 1000;
console.log(
  `seed ${seed}: ${found} findings in ${outcome.cases} cases and ${values.op.length > 0 ? 0 : steps} steps, ${seconds.toFixed(0)} s`,
);
process.exitCode = found > 0 ? 1 : 0;
