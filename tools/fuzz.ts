/**
 * `npm run fuzz [-- --cases N --seed S --op NAME]`: draws shapes and attributes of every op that the builder has, and of every
 * gradient rule, and compares the form for devices on WebGPU with the CPU provider. Exit code 1 on a finding.
 */
import { parseArgs } from "node:util";
import { drawnOps } from "../test/fuzz/arbitraries.js";
import { fuzz, told } from "../test/fuzz/fuzz.js";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "5000" },
    seed: { type: "string" },
    op: { type: "string", multiple: true },
    batch: { type: "string", default: "40" },
    plain: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const ops = values.op ? drawnOps.filter((op) => values.op?.includes(op)) : drawnOps;
if (ops.length === 0) throw new Error(`no op ${values.op} is drawn. Choose of ${drawnOps.join(", ")}.`);
console.log(`seed ${seed}`);
const outcome = await fuzz({
  cases: Number(values.cases),
  seed,
  ops,
  batch: Number(values.batch),
  form: values.plain ? "plain" : "device",
  onFinding: (finding) => console.log(told(finding)),
  onProgress: ({ done, total, perSecond }) => {
    const left = Math.round((total - done) / perSecond);
    console.log(`${done} of ${total}, ${perSecond.toFixed(1)} a second, ${left} s left`);
  },
});
for (const [name, counts] of [
  ["refused", outcome.refused],
  ["not answered by the CPU", outcome.unanswered],
] as const)
  for (const [about, n] of counts) console.log(`${n} ${name}: ${about}`);
console.log(
  `${outcome.findings.length} findings in ${outcome.cases} cases, seed ${seed}, ${outcome.seconds.toFixed(0)} s (${(outcome.cases / outcome.seconds).toFixed(1)} a second)`,
);
process.exitCode = outcome.findings.length > 0 ? 1 : 0;
