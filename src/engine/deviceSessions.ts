/**
 * The sessions of a device, whose results are checked first: models get the form that its provider computes right, and the first
 * run of each program is repeated on the CPU, from the model as it was given, and compared; of one that is recorded, the first run
 * that plays the record too.
 */
import { elements } from "../array.js";
import { ProviderError, type Sentence, said } from "../errors.js";
import { standardModel } from "../graph/index.js";
import { type Precision, precisions } from "../precision.js";
import { type Difference, largestDifference } from "./agreement.js";
import type { CrossCheck } from "./crossCheck.js";
import type { DataArray, Hosted, NamedArrays, ProgramInfo, ProgramOptions, Traffic } from "./messages.js";
import { type Provider, providers } from "./providers.js";

interface Loaded {
  readonly model: Uint8Array;
  readonly options: ProgramOptions;
  readonly info: ProgramInfo;
  /** Which of its runs are compared, and how many there were. */
  readonly checks: readonly number[];
  runs: number;
}

const firstRun = [0];
/** A program that is recorded plays what it recorded from its third run on: the first two record, one for each way of its state. */
const firstRunAndReplay = [0, 2];

export interface DeviceOptions {
  readonly provider: Provider;
  readonly precision: Precision;
  /** Sessions on the CPU, for one check. */
  readonly openCpu: () => Hosted;
  /** Whether first runs are compared. */
  readonly crossCheck: boolean;
  /** Whether programs that ask for it are recorded. */
  readonly capture: boolean;
  readonly onChecked: (check: CrossCheck) => void;
}

export class DeviceSessions implements Hosted {
  /** Programs that have a run to be compared before them. */
  private readonly unchecked = new Map<string, Loaded>();
  /** Those that agreed, by name, inputs and outputs: a program may be loaded again with other constants. */
  private readonly agreed = new Set<string>();
  /** Bytes moved by comparing, which are not the programs' own traffic. */
  private readonly spent = { toDevice: 0, fromDevice: 0 };

  constructor(
    private readonly device: Hosted,
    private readonly options: DeviceOptions,
  ) {}

  async load(program: string, model: Uint8Array, options: ProgramOptions): Promise<ProgramInfo> {
    const { provider, crossCheck, capture } = this.options;
    const info = await this.device.load(program, providers[provider].form?.(model) ?? model, options);
    const checks = capture && options.captured && providers[provider].capture ? firstRunAndReplay : firstRun;
    if (crossCheck && !this.agreed.has(signature(program, info)))
      this.unchecked.set(program, { model, options, info, checks, runs: 0 });
    return info;
  }

  unload(program: string): Promise<void> {
    this.unchecked.delete(program);
    return this.device.unload(program);
  }

  write(state: NamedArrays): Promise<void> {
    return this.device.write(state);
  }

  read(names: readonly string[] | null): Promise<NamedArrays> {
    return this.device.read(names);
  }

  drop(names: readonly string[] | null): void {
    this.device.drop(names);
  }

  names(): readonly string[] {
    return this.device.names();
  }

  traffic(): Traffic {
    const { toDevice, fromDevice } = this.device.traffic();
    return { toDevice: toDevice - this.spent.toDevice, fromDevice: fromDevice - this.spent.fromDevice };
  }

  close(): Promise<void> {
    return this.device.close();
  }

  async run(program: string, feeds: NamedArrays, wanted: readonly string[]): Promise<NamedArrays> {
    const loaded = this.unchecked.get(program);
    if (!loaded?.checks.includes(loaded.runs++)) return this.device.run(program, feeds, wanted);
    const held = new Set(this.device.names());
    const inputs = loaded.info.inputs.map((v) => v.name);
    const before = await this.readAside(inputs.filter((name) => !(name in feeds) && held.has(name)));
    const answer = await this.device.run(program, feeds, wanted);
    const kept = loaded.options.state ?? {};
    const after = await this.readAside(Object.keys(kept));
    const found = {
      ...answer,
      ...Object.fromEntries(Object.entries(kept).map(([name, output]) => [output, after[name]])),
    };
    await this.compare(program, loaded, { ...before, ...feeds }, found);
    if (loaded.runs <= Math.max(...loaded.checks)) return answer;
    this.unchecked.delete(program);
    this.agreed.add(signature(program, loaded.info));
    return answer;
  }

  private async readAside(names: readonly string[]): Promise<NamedArrays> {
    const before = this.device.traffic();
    const arrays = await this.device.read(names);
    const after = this.device.traffic();
    this.spent.toDevice += after.toDevice - before.toDevice;
    this.spent.fromDevice += after.fromDevice - before.fromDevice;
    return arrays;
  }

  /** @throws ProviderError for the first output that differs by more than the precision allows */
  private async compare(
    program: string,
    { model, options: { vectors = {} }, info }: Loaded,
    given: NamedArrays,
    found: NamedArrays,
  ): Promise<void> {
    const { provider, precision, openCpu, onChecked } = this.options;
    const began = performance.now();
    const cpu = openCpu();
    const names = info.outputs.map((v) => v.name).filter((name) => name in found);
    let expected: NamedArrays;
    try {
      await cpu.load(program, standardModel(model), {});
      expected = await cpu.run(program, given, names);
    } finally {
      await cpu.close();
    }
    let worst: CrossCheck["worst"] = null;
    let share = -1;
    const pairs = names.flatMap((name) => tensorsOf(name, found[name], expected[name], vectors[name]));
    for (const { name: output, ours, theirs, least } of pairs) {
      const difference = largestDifference(ours, theirs, precisions[precision], least);
      if (!(difference.error <= difference.allowed))
        throw new ProviderError(
          "wrong-numbers",
          disagreement(said`program ${{ program }} on ${{ provider }}`, output, ours, difference),
        );
      if (difference.error / difference.allowed > share) {
        share = difference.error / difference.allowed;
        worst = { output, error: difference.error };
      }
    }
    onChecked({ program, worst, seconds: (performance.now() - began) / 1000 });
  }
}

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

const signature = (program: string, { inputs, outputs }: ProgramInfo): string =>
  JSON.stringify([program, inputs, outputs]);

function disagreement(where: Sentence, output: string, { shape }: DataArray, d: Difference): Sentence {
  const by = Number.isFinite(d.error) ? d.error.toPrecision(2) : "no finite number";
  return said`${where} does not compute what the CPU does: of ${{ tensor: output }} ${{ shape }}, the element [${d.at}] is ${d.found} there and ${d.expected} on the CPU (${by} of the largest value, ${d.allowed} is allowed). Do not use its numbers: take another provider, or other widths and sizes, and report this with the recipe`;
}
