/**
 * `npm run reliability -- PART… [--seed S] [--kills N] [--cases N] [--format NAME]… [--steps N] [--viewers N] [--rounds N]`: the long runs behind
 * docs/reliability.md, of which the tests do a little each. Parts: `crashes`, `ranks`, `hostile`, `endurance`, `viewers`; without any, all.
 * Exit code 1 on a finding, 2 on wrong usage.
 */
import { parseArgs } from "node:util";
import { duration, table } from "../src/text.js";
import { crashes } from "../test/reliability/crashes.js";
import { endurance, mostMegabytes } from "../test/reliability/endurance.js";
import { type FormatName, formats } from "../test/reliability/hostile/formats.js";
import { type FormatOutcome, hostile } from "../test/reliability/hostile/hostile.js";
import { type Fault, ranks } from "../test/reliability/ranks.js";
import { viewers } from "../test/reliability/viewers.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "20" },
    kills: { type: "string", default: "100" },
    cases: { type: "string", default: "10000" },
    format: { type: "string", multiple: true, default: [] },
    steps: { type: "string", default: "20000" },
    viewers: { type: "string", default: "500" },
    rounds: { type: "string", default: "6" },
  },
});

function usage(problem: string): never {
  console.error(problem);
  process.exit(2);
}

function whole(name: "seed" | "kills" | "cases" | "steps" | "viewers" | "rounds"): number {
  const n = Number(values[name]);
  if (!Number.isInteger(n) || n < 0) usage(`--${name} ${values[name]} is not a whole number`);
  return n;
}

/** Each part prints its figures, and returns how many findings there are. */
const parts = {
  async crashes() {
    const onKill = (hit: string) => console.error(`killed in: ${hit}`);
    const { kills, runs, hits, faults } = await crashes({ kills: whole("kills"), seed: whole("seed"), onKill });
    for (const line of table([...hits].map(([hit, n]) => [hit, String(n)]))) console.log(line);
    for (const fault of faults) console.log(fault);
    console.log(`${kills} kills in ${runs} runs: ${faults.length} findings`);
    return faults.length;
  },
  /** Kills by the first launcher, as many as asked for up to 20; of stopped processes, cut links and planned stops a few, by each that there is. */
  async ranks() {
    const kills = Math.min(20, whole("kills"));
    const others: readonly Fault[] = ["stop", "cut", "leave", "stop", "cut", "leave"];
    const plans = {
      "mpirun.openmpi": [...others, ...Array<Fault>(kills).fill("kill")],
      "mpirun.mpich": [...others, "kill", "kill"],
    } as const;
    let findings = 0;
    for (const [launcher, faults] of Object.entries(plans)) {
      const onFault = (what: string) => console.error(`${launcher}: ${what}`);
      const done = await ranks({ faults, seed: whole("seed"), launcher: launcher as keyof typeof plans, onFault });
      for (const [fault, seconds] of Object.entries(done.seconds))
        console.log(
          `${launcher}: ${seconds.length} × ${fault}, ended within ${Math.min(...seconds).toFixed(1)} to ${Math.max(...seconds).toFixed(1)} s`,
        );
      for (const finding of done.findings) console.log(finding);
      console.log(`${launcher}: ${faults.length} faults in ${done.runs} runs: ${done.findings.length} findings`);
      findings += done.findings.length;
    }
    return findings;
  },
  async hostile() {
    const wrong = values.format.filter((name) => !(name in formats));
    if (wrong.length > 0) usage(`no format ${wrong}. Choose of ${Object.keys(formats).join(", ")}`);
    const chosen = (values.format.length > 0 ? values.format : Object.keys(formats)) as FormatName[];
    const outcomes: FormatOutcome[] = [];
    for (const format of chosen) {
      const outcome = await hostile(format, {
        cases: whole("cases"),
        seed: whole("seed"),
        onProgress: progressOf(format),
        onFinding: ({ index, message }) => console.log(`${format}, case ${index}: ${message}`),
      });
      outcomes.push(outcome);
      console.log(rowOf(outcome).join(" | "));
    }
    return outcomes.reduce((n, { findings }) => n + findings.length, 0);
  },
  async endurance() {
    const { steps, slope, from, to, isSound } = await endurance({ steps: whole("steps"), seed: whole("seed") });
    console.log(
      `${steps} steps: memory ${from.toFixed(0)} to ${to.toFixed(0)} MB, ${slope.toFixed(2)} MB more in 1,000 steps; losses ${isSound ? "" : "not "}finite`,
    );
    return (slope > mostMegabytes ? 1 : 0) + (isSound ? 0 : 1);
  },
  async viewers() {
    const { without, beside, share } = await viewers({ viewers: whole("viewers"), rounds: whole("rounds") });
    console.log(
      `${whole("viewers")} viewers: ${beside.toFixed(1)} steps a second, ${without.toFixed(1)} without; slower by ${(100 * share).toFixed(1)} %`,
    );
    return share > 0.05 ? 1 : 0;
  },
} as const;

/** A line on stderr every ten seconds. */
function progressOf(format: FormatName): (done: number, total: number) => void {
  const began = performance.now();
  let last = began;
  return (done, total) => {
    const now = performance.now();
    if (now - last < 10_000) return;
    last = now;
    const left = ((now - began) / done) * (total - done);
    console.error(`${format}: ${done} of ${total}, ${duration(left / 1000)} left`);
  };
}

const rowOf = ({ format, cases, read, refused, findings, peakBytes, slowestSeconds }: FormatOutcome): string[] => [
  format,
  ...[cases, read, refused, findings.length].map(String),
  `${Math.round(peakBytes / 2 ** 20)} MB`,
  `${slowestSeconds.toFixed(2)} s`,
];

const unknown = positionals.filter((part) => !(part in parts));
if (unknown.length > 0) usage(`no part ${unknown}. Choose of ${Object.keys(parts).join(", ")}`);
let findings = 0;
for (const part of (positionals.length > 0 ? positionals : Object.keys(parts)) as (keyof typeof parts)[])
  findings += await parts[part]();
process.exitCode = findings > 0 ? 1 : 0;
