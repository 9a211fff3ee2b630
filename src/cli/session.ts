/** What commands begin with: an engine, images, a run and its encoder, opened together and closed whatever happens. */
import { type OpenImages, withImages as openedImages } from "../data/index.js";
import { type Encoder, encoderOf, openTrained, type Trained } from "../encoder/index.js";
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
import { openMeter } from "./meter.js";
import { tell, warn } from "./print.js";

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

/** Of commands on a run. */
export interface RunFlags extends EngineFlags {
  readonly run: string;
  readonly data?: string;
}

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

export interface ImageFlags extends Pick<EngineFlags, "workers" | "maxBroken" | "json"> {
  readonly seed?: number;
  readonly keepDecoded?: boolean;
  /** The flag that names them; default `--data`. */
  readonly called?: string;
}

/** Opens the images `data` for `use` with a meter, and closes both. */
export async function withImages<T>(
  data: string,
  { called = "--data", seed, keepDecoded, workers, maxBroken, json }: ImageFlags,
  use: (images: OpenImages) => Promise<T>,
): Promise<T> {
  const { progress, stop } = openMeter(json === true);
  try {
    const options = { called, seed, keepDecoded, workers, maxBroken, onWarning: warn, progress };
    return await openedImages(data, options, use);
  } finally {
    stop();
  }
}

/** A run, its query encoder on an engine, and images for it. */
export interface OnRun<Data> extends Trained {
  readonly encoder: Encoder;
  readonly images: OpenImages;
  /** What was chosen of images. */
  readonly sets: Data;
}

interface Chosen {
  readonly data: string;
}

/** The images that `--data` names, or else the run's own. */
export const ownImages =
  ({ data }: RunFlags) =>
  async ({ run }: Trained): Promise<Chosen> => ({ data: data ?? run.description.data });

/**
 * Opens what commands on a run work with.
 *
 * @param choose - the images to open, and what else is chosen with them
 */
export async function onRun<T, Data extends Chosen>(
  flags: RunFlags & Pick<ImageFlags, "keepDecoded">,
  choose: (trained: Trained) => Promise<Data>,
  use: (opened: OnRun<Data>) => Promise<T>,
): Promise<T> {
  const trained = await openTrained(flags.run, warn);
  const sets = await choose(trained);
  return withEngine(flags, (engine) =>
    withImages(sets.data, flags, (images) =>
      use({ ...trained, encoder: encoderOf(trained, engine, "query"), images, sets }),
    ),
  );
}
