/** What commands on images share: an engine, a source and its loader, opened together and closed whatever happens. */
import { describeSource, type ImageSource, type Loader, openLoader, openSource } from "../data/index.js";
import { type Engine, openEngine } from "../runtime/index.js";

export interface ImageSession {
  readonly engine: Engine;
  readonly source: ImageSource;
  readonly loader: Loader;
}

/** Options of commands that run graphs. */
export interface EngineFlags {
  readonly provider?: string;
  readonly threads?: number;
  readonly workers?: number;
}

export const warn = (message: string): void => {
  process.stderr.write(`warning: ${message}\n`);
};

/** Opens an engine for `use`, and closes it. */
export async function withEngine<T>(flags: EngineFlags, use: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await openEngine({
    ...(flags.provider ? { provider: flags.provider } : {}),
    ...(flags.threads ? { threads: flags.threads } : {}),
  });
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

/** Opens the images `data` for `use`, and closes their loader. */
export async function withImages<T>(
  data: string,
  flags: EngineFlags & { readonly seed?: number },
  use: (images: Omit<ImageSession, "engine">) => Promise<T>,
): Promise<T> {
  const description = await describeSource(data);
  const source = openSource(description);
  for (const message of source.warnings) warn(message);
  const loader = openLoader({
    source: description,
    seed: flags.seed ?? 0,
    ...(flags.workers === undefined ? {} : { workers: flags.workers }),
    onBroken: (_, name, reason) => warn(`${name} is skipped: ${reason}`),
  });
  try {
    return await use({ source, loader });
  } finally {
    await loader.close();
  }
}

/** 0, 1, 2, … */
export const everyIndex = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);
