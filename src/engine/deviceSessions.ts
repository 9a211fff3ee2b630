/**
 * The sessions of a device, whose results are checked first: models get the form that its provider computes right, and the first
 * run of each program is repeated on the CPU, from the model as it was given, and compared; of one that is recorded, the first run
 * that plays the record too.
 */
import { comparedWithCpu, type DeviceChecked } from "./compare.js";
import type { CrossCheck } from "./crossCheck.js";
import type { Hosted, NamedArrays, ProgramInfo, ProgramOptions, Traffic } from "./messages.js";
import { providers } from "./providers.js";

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

export interface DeviceOptions extends DeviceChecked {
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
    const { onChecked } = this.options;
    const held = new Set(this.device.names());
    const inputs = loaded.info.inputs.map((v) => v.name);
    const before = await this.readAside(inputs.filter((name) => !(name in feeds) && held.has(name)));
    const answer = await this.device.run(program, feeds, wanted);
    const kept = loaded.options.state ?? {};
    const after = await this.readAside(Object.keys(kept));
    const states = Object.entries(kept).map(([name, output]) => [output, after[name]]);
    const results: NamedArrays = { ...answer, ...Object.fromEntries(states) };
    const declared = loaded.info.outputs.filter(({ name }) => name in results);
    const found = Object.fromEntries(declared.map(({ name }) => [name, results[name]]));
    const { model, options } = loaded;
    onChecked(
      await comparedWithCpu({ program, model, vectors: options.vectors }, { ...before, ...feeds }, found, this.options),
    );
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
}

const signature = (program: string, { inputs, outputs }: ProgramInfo): string =>
  JSON.stringify([program, inputs, outputs]);
