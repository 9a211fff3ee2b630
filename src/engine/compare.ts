/** A program's first run on a device beside the CPU's: what differs, and whether rounding explains it. */
import { elements } from "../array.js";
import { ProviderError, type Sentence, said } from "../errors.js";
import { exactModel, roundedModel } from "../graph/index.js";
import { type Precision, precisions } from "../precision.js";
import { allowedByRounding, type Difference, largestDifference } from "./agreement.js";
import type { CrossCheck } from "./crossCheck.js";
import type { DataArray, Hosted, NamedArrays, ProgramOptions } from "./messages.js";
import type { Provider } from "./providers.js";

/** The device, and what it is compared with. */
export interface DeviceChecked {
  readonly provider: Provider;
  readonly precision: Precision;
  /** Sessions on the CPU, for one check. */
  readonly openCpu: () => Hosted;
}

interface CheckedProgram {
  readonly program: string;
  readonly model: Uint8Array;
  readonly vectors: ProgramOptions["vectors"];
}

/**
 * Compares what a device gave with what the CPU makes of the same. Where more differs than the precision allows, the CPU is asked
 * once more, by the same program rounded otherwise: where its own results move as far, as those of a step on images that are nearly
 * the same do, or which of many near neighbours are the nearest, no more can be asked of the device.
 *
 * @param given - all that the program read
 * @param found - outputs of the device
 * @throws ProviderError for the first output that differs by more
 */
export async function comparedWithCpu(
  { program, model, vectors = {} }: CheckedProgram,
  given: NamedArrays,
  found: NamedArrays,
  { provider, precision, openCpu }: DeviceChecked,
): Promise<CrossCheck> {
  const began = performance.now();
  const tolerance = precisions[precision];
  const names = Object.keys(found);
  const differences = (from: NamedArrays, expected: NamedArrays) =>
    names
      .flatMap((name) => tensorsOf(name, from[name], expected[name], vectors[name]))
      .map((pair) => ({
        ...pair,
        ...largestDifference(pair.ours, pair.theirs, tolerance, pair.least),
      }));
  const cpu = openCpu();
  const onCpu = async (form: Uint8Array) => {
    await cpu.load(program, form, {});
    const results = await cpu.run(program, given, names);
    await cpu.unload(program);
    return results;
  };
  try {
    const exact = exactModel(model);
    const expected = await onCpu(exact);
    let all = differences(found, expected);
    const tooFar = all.filter(isTooFar).map(({ name }) => name);
    const rounded = tooFar.length > 0 ? roundedModel(exact, tolerance.bits) : null;
    if (rounded) {
      const moved = differences(await onCpu(rounded), expected);
      all = all.map((d, i) => ({ ...d, allowed: allowedByRounding(d, moved[i].error) }));
    }
    const wrong = all.find(isTooFar);
    if (wrong)
      throw new ProviderError("wrong-numbers", disagreement(said`program ${{ program }} on ${{ provider }}`, wrong));
    const share = (d: Difference) => d.error / d.allowed;
    const worst = all.reduce((a, d) => (share(d) > share(a) ? d : a), all[0]);
    return {
      program,
      worst: worst ? { output: worst.name, error: worst.error, byRounding: tooFar.includes(worst.name) } : null,
      seconds: (performance.now() - began) / 1000,
    };
  } finally {
    await cpu.close();
  }
}

const isTooFar = ({ error, allowed }: Difference): boolean => !(error <= allowed);

interface Pair {
  readonly name: string;
  readonly ours: DataArray;
  readonly theirs: DataArray;
  /** The least that the largest value of a tensor counts as. */
  readonly least: number;
}

/** In a vector of several tensors, rounding in the largest affects small ones: each counts as at least this share of the largest. */
const reach = 0.05;

/** An output of both, tensor by tensor where it holds several. */
function tensorsOf(
  name: string,
  ours: DataArray,
  theirs: DataArray,
  members: NonNullable<ProgramOptions["vectors"]>[string] = [],
): readonly Pair[] {
  if (members.length === 0) return [{ name, ours, theirs, least: 0 }];
  const numbers = theirs.data as Float32Array;
  const least = reach * numbers.reduce((a, x) => (Number.isFinite(x) ? Math.max(a, Math.abs(x)) : a), 0);
  let from = 0;
  return members.map(({ name: member, shape }) => {
    const to = from + elements(shape);
    const part = ({ data }: DataArray): DataArray => ({ shape, data: data.subarray(from, to) });
    const pair = { name: member, ours: part(ours), theirs: part(theirs), least };
    from = to;
    return pair;
  });
}

function disagreement(where: Sentence, { name: output, ours: { shape }, ...d }: Pair & Difference): Sentence {
  const by = Number.isFinite(d.error) ? d.error.toPrecision(2) : "no finite number";
  return said`${where} does not compute what the CPU does: of ${{ tensor: output }} ${{ shape }}, the element [${d.at}] is ${d.found} there and ${d.expected} on the CPU (${by} of the largest value, ${Number(d.allowed.toPrecision(2))} is allowed). Do not use its numbers: take another provider, or other widths and sizes, and report this with the recipe`;
}
