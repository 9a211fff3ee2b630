/** The fuzz: draws cases of ops, runs them on both providers, and shrinks what differs. */
import fc from "fast-check";
import type { OpType } from "../../src/graph/index.js";
import { casesOf, drawnOps, sampled } from "./arbitraries.js";
import { type Case, shown } from "./case.js";
import type { Form, Verdict } from "./messages.js";
import { Runner } from "./runner.js";

export interface Finding {
  readonly case: Case;
  readonly verdict: Verdict;
  /** Replays it: `casesOf(op)` from this seed, at this place. */
  readonly op: OpType;
  readonly seed: number;
  readonly place: number;
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
  /** Of cases in one model. */
  readonly batch?: number;
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

const isWrong = ({ kind }: Verdict): boolean => kind === "differs" || kind === "fails" || kind === "ends";

/** Runs `cases` cases, the same number of each op; one finding an op and kind is shrunk. */
export async function fuzz(options: FuzzOptions): Promise<Outcome> {
  const { seed, ops = drawnOps, form = "device", batch = 40 } = options;
  const each = Math.ceil(options.cases / ops.length);
  const queue = ops.flatMap((op) => sampled(op, seed, each).map((drawn, place) => ({ op, place, drawn })));
  const runner = new Runner(form);
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
        findings.push({ ...smallest, op, seed, place });
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

/** The smallest case to which fast-check shrinks the one at a place, and what comes of it. */
async function shrunk(runner: Runner, op: OpType, seed: number, place: number) {
  let last: { readonly case: Case; readonly verdict: Verdict } | null = null;
  const property = fc.asyncProperty(casesOf(op), async (drawn) => {
    const [verdict] = await runner.run([drawn]);
    if (isWrong(verdict)) last = { case: drawn, verdict };
    return !isWrong(verdict);
  });
  await fc.check(property, { seed, path: String(place), numRuns: 1, interruptAfterTimeLimit: 30_000 });
  return (
    last ?? {
      case: sampled(op, seed, place + 1)[place],
      verdict: { kind: "fails", message: "only beside other cases" } as Verdict,
    }
  );
}

/** A finding as it is printed: what replays it, what it is, and the case to paste into `kept.ts`. */
export function told({ case: c, verdict, op, seed, place }: Finding): string {
  const what =
    verdict.kind === "differs"
      ? `${verdict.difference.output} [${verdict.difference.shape}] differs by ${verdict.difference.error.toExponential(1)}: ` +
        `CPU ${verdict.difference.expected}, WebGPU ${verdict.difference.actual} at ${verdict.difference.index}`
      : `${verdict.kind}: ${"message" in verdict ? verdict.message.slice(0, 400) : ""}`;
  return `${op}, seed ${seed}, case ${place}\n  ${shown(c)}\n  ${what}\n  ${JSON.stringify(c)}`;
}
