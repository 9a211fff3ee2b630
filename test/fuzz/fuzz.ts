/** The fuzz: draws cases of ops, runs them on both providers, and shrinks what differs. */
import fc from "fast-check";
import type { OpType } from "../../src/graph/index.js";
import { casesOf, drawnOps, sampled } from "./arbitraries.js";
import { type Case, shown } from "./case.js";
import type { Form, Verdict } from "./messages.js";
import { Runner } from "./runner.js";
import { type StepCase, stepCases } from "./steps.js";
import { fed } from "./take.js";

export interface Finding {
  readonly case: Case;
  readonly verdict: Verdict;
  /** Replays it: `casesOf(op)` from this seed, at this place. */
  readonly op: OpType;
  readonly seed: number;
  readonly place: number;
  /** Whether it is wrong in a model of its own, not only beside the cases before and after it. */
  readonly alone: boolean;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly perSecond: number;
}

export interface FuzzOptions {
  readonly cases: number;
  readonly seed: number;
  readonly ops?: readonly OpType[];
  readonly form?: Form;
  readonly onProgress?: (progress: Progress) => void;
  readonly onFinding?: (finding: Finding) => void;
}

export interface Outcome {
  readonly findings: readonly Finding[];
  readonly cases: number;
  readonly seconds: number;
  /** By op and message: how many cases the device form refused, and how many the CPU could not answer. */
  readonly refused: ReadonlyMap<string, number>;
  readonly unanswered: ReadonlyMap<string, number>;
}

/** Steps drawn from a seed that differ from two random states: from one, a ReLU or a mask within rounding of its edge may have turned. */
export async function fuzzSteps({
  cases,
  seed,
  form = "device",
  onProgress,
  onFinding,
}: StepOptions): Promise<readonly StepFinding[]> {
  const runner = new Runner(form);
  const findings: StepFinding[] = [];
  const began = performance.now();
  try {
    for (const [i, step] of fc.sample(stepCases, { seed, numRuns: cases }).entries()) {
      const [first] = await runner.run([step]);
      const [verdict] = isWrong(first) ? await runner.run([{ ...step, seed: step.seed + 1000 }]) : [first];
      if (isWrong(verdict)) {
        findings.push({ step, verdict });
        onFinding?.({ step, verdict });
      }
      onProgress?.({ done: i + 1, total: cases, perSecond: (1000 * (i + 1)) / (performance.now() - began) });
    }
  } finally {
    runner.close();
  }
  return findings;
}

export interface StepFinding {
  readonly step: StepCase;
  readonly verdict: Verdict;
}

export interface StepOptions {
  readonly cases: number;
  readonly seed: number;
  readonly form?: Form;
  readonly onProgress?: (progress: Progress) => void;
  readonly onFinding?: (found: StepFinding) => void;
}

/** What any device computes. */
const probe: Case = { op: "Neg", inputs: [fed([2])], differentiated: false, seed: 0 };

/** Cases in one model. */
const batch = 40;

const isWrong = ({ kind }: Verdict): boolean =>
  kind === "differs" || kind === "fails" || kind === "ends" || kind === "unbuilt";

/** Runs `cases` cases, the same number of each op; one finding an op and kind is shrunk. */
export async function fuzz(options: FuzzOptions): Promise<Outcome> {
  const { seed, ops = drawnOps, form = "device" } = options;
  const each = Math.ceil(options.cases / ops.length);
  const queue = ops.flatMap((op) => sampled(op, seed, each).map((drawn, place) => ({ op, place, drawn })));
  const runner = new Runner(form);
  const [first] = await runner.run([probe]);
  if (first.kind !== "agrees") {
    runner.close();
    throw new Error(`WebGPU does not run here: ${whatIsWrong(first)}`);
  }
  const findings: Finding[] = [];
  const [refused, unanswered] = [new Map<string, number>(), new Map<string, number>()];
  const began = performance.now();
  try {
    for (let from = 0; from < queue.length; from += batch) {
      const part = queue.slice(from, from + batch);
      const verdicts = await runner.run(part.map(({ drawn }) => drawn));
      for (const [i, verdict] of verdicts.entries()) {
        const { op, place, drawn } = part[i];
        if (verdict.kind === "refused" || verdict.kind === "unanswered") {
          const counted = verdict.kind === "refused" ? refused : unanswered;
          const about = `${op}: ${verdict.message.split("\n")[0].slice(0, 240)}`;
          counted.set(about, (counted.get(about) ?? 0) + 1);
        }
        if (!isWrong(verdict)) continue;
        const isNew = !findings.some((f) => f.op === op && f.verdict.kind === verdict.kind);
        const smallest = isNew ? await shrunk(runner, op, seed, place) : { case: drawn, verdict };
        findings.push({ ...(smallest ?? { case: drawn, verdict }), op, seed, place, alone: smallest !== null });
        options.onFinding?.(findings[findings.length - 1]);
      }
      const done = from + part.length;
      options.onProgress?.({ done, total: queue.length, perSecond: (1000 * done) / (performance.now() - began) });
    }
  } finally {
    runner.close();
  }
  return { findings, cases: queue.length, seconds: (performance.now() - began) / 1000, refused, unanswered };
}

const longestShrinkMs = 12_000;

/** The smallest case to which fast-check shrinks the one at a place, and what comes of it; null if it is wrong only beside others. */
async function shrunk(runner: Runner, op: OpType, seed: number, place: number) {
  let last: { readonly case: Case; readonly verdict: Verdict } | null = null;
  const end = performance.now() + longestShrinkMs;
  const property = fc.asyncProperty(casesOf(op), async (drawn) => {
    if (performance.now() > end) return true; // fast-check's own time limit would leave a case running
    const [verdict] = await runner.run([drawn]);
    if (isWrong(verdict)) last = { case: drawn, verdict };
    return !isWrong(verdict);
  });
  await fc.check(property, { seed, path: String(place), numRuns: 1 });
  return last as { readonly case: Case; readonly verdict: Verdict } | null;
}

/** A finding as it is printed: what replays it, what it is, and the case to paste into a test. */
export function told({ case: c, verdict, op, seed, place, alone }: Finding): string {
  const where = alone ? "" : ", right in a model of its own";
  return [`${op}, seed ${seed}, case ${place}: ${shown(c)}${where}`, whatIsWrong(verdict), JSON.stringify(c)].join(
    "\n  ",
  );
}

/** What a verdict says, in a line. */
export function whatIsWrong(verdict: Verdict): string {
  if (verdict.kind === "agrees") return "agrees";
  if (verdict.kind !== "differs") return `${verdict.kind}: ${verdict.message.split("\n")[0].slice(0, 400)}`;
  const { output, shape, index, expected, actual, error } = verdict.difference;
  return `${output} [${shape}] differs by ${error.toExponential(1)} of its largest: CPU ${expected}, WebGPU ${actual} at ${index}`;
}
