/** What commands on images share: an engine, a source and its loader, opened together and closed whatever happens. */
import {
  decodedRoom,
  describeSource,
  type ImageSource,
  type Loader,
  openLoader,
  openSource,
  type SourceDescription,
} from "../data/index.js";
import type { Precision } from "../precision.js";
import {
  autoProvider,
  type Backend,
  checkNotice,
  type Engine,
  openEngine,
  type Placement,
  placementWarning,
} from "../runtime/index.js";
import { type Meter, openMeter } from "./meter.js";

export interface ImageSession {
  readonly engine: Engine;
  readonly description: SourceDescription;
  readonly source: ImageSource;
  readonly loader: Loader;
  readonly progress: Meter["progress"];
}

/** Options of commands that run graphs. */
export interface EngineFlags {
  readonly backend?: Backend;
  readonly provider?: string;
  readonly precision?: Precision;
  readonly crossCheck?: boolean;
  readonly threads?: number;
  readonly capture?: boolean;
  readonly workers?: number;
  readonly maxBroken?: number;
  readonly json?: boolean;
}

const warned = new Set<string>();

/** Says a thing once, however often a set is opened. */
export const warn = (message: string): void => {
  if (!warned.has(message)) process.stderr.write(`warning: ${message}\n`);
  warned.add(message);
};

const tell = (message: string): void => {
  process.stderr.write(`${message}\n`);
};

/** `auto` or `auto:1` as the provider that it is here, saying which, and why others were passed over. */
async function providerOf({ provider: text, precision }: EngineFlags): Promise<string | undefined> {
  const [, auto, device] = /^(auto)(?::(\d+))?$/.exec(text ?? "") ?? [];
  if (auto === undefined) return text;
  const { provider, passedOver } = await autoProvider(device === undefined ? null : Number(device), precision);
  for (const p of passedOver) tell(`${p.provider} is passed over: ${p.why}`);
  tell(`the provider is ${provider}`);
  return provider;
}

/** Says once of each program where its nodes run. */
function placementTeller(provider: string | undefined): (placement: Placement) => void {
  const told = new Set<string>();
  return (placement) => {
    if (told.has(placement.program)) return;
    told.add(placement.program);
    const warning = placementWarning(placement);
    if (warning) warn(warning);
    else tell(`every node of ${placement.program} runs on ${provider}`);
  };
}

/** Opens an engine for `use`, and closes it. */
export async function withEngine<T>(flags: EngineFlags, use: (engine: Engine) => Promise<T>): Promise<T> {
  const provider = await providerOf(flags);
  const engine = await openEngine({
    ...(flags.backend ? { backend: flags.backend } : {}),
    ...(provider ? { provider } : {}),
    ...(flags.threads ? { threads: flags.threads } : {}),
    ...(flags.precision ? { precision: flags.precision } : {}),
    ...(flags.crossCheck === undefined ? {} : { crossCheck: flags.crossCheck }),
    ...(flags.capture === false ? { capture: false } : {}),
    onPlaced: placementTeller(provider),
    onChecked: (check) => tell(checkNotice(check, provider ?? "cpu")),
    onWarning: warn,
  });
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

/**
 * Opens the images `data` for `use`, and closes their loader.
 *
 * @param flags - with `keepDecoded` where images are read many times: their pixels then stay in memory while there is room
 */
export async function withImages<T>(
  data: string,
  flags: EngineFlags & { readonly seed?: number; readonly keepDecoded?: boolean },
  use: (images: Omit<ImageSession, "engine">) => Promise<T>,
): Promise<T> {
  const description = await describeSource(data);
  const source = openSource(description);
  for (const message of source.warnings) warn(message);
  const { progress, stop } = openMeter(flags.json === true);
  const loader = openLoader({
    source: description,
    seed: flags.seed ?? 0,
    ...(flags.workers === undefined ? {} : { workers: flags.workers }),
    ...(flags.maxBroken === undefined ? {} : { tolerance: flags.maxBroken }),
    ...(flags.keepDecoded ? { keep: decodedRoom() } : {}),
    onBroken: (_, name, reason) => warn(`${name} is skipped: ${reason}`),
  });
  try {
    return await use({ description, source, loader, progress });
  } finally {
    stop();
    await loader.close();
  }
}

/** 0, 1, 2, … */
export const everyIndex = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);
