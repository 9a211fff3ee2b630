/** A set of images opened for a use, and closed whatever happens. */
import { decodedRoom } from "./decoded.js";
import { describeSource } from "./describe.js";
import { type Loader, openLoader } from "./loader.js";
import { type ImageSource, openSource, type SourceDescription } from "./source.js";

export interface OpenImages {
  /** What messages call them: the … images. */
  readonly called: string;
  readonly description: SourceDescription;
  readonly source: ImageSource;
  readonly loader: Loader;
  /** Told how far work on them is. */
  readonly progress: (stage: string, done: number, total: number) => void;
}

export interface OpenOptions {
  /** Default `given`. */
  readonly called?: string | undefined;
  /** Of random views; default 0. */
  readonly seed?: number | undefined;
  /** Threads, as a loader's. */
  readonly workers?: number | undefined;
  /** Share that may be broken, as a loader's. */
  readonly maxBroken?: number | undefined;
  /** Whether they are read many times: decoded pixels then stay in memory while there is room. */
  readonly keepDecoded?: boolean | undefined;
  /** Told of what is odd about the set, and of images that cannot be read. */
  readonly onWarning?: (message: string) => void;
  readonly progress?: OpenImages["progress"];
}

/**
 * Opens the images `text` for `use`.
 *
 * @param text - as of `describeSource`
 * @throws as `describeSource`, and what `use` throws
 */
export async function withImages<T>(
  text: string,
  options: OpenOptions,
  use: (images: OpenImages) => Promise<T>,
): Promise<T> {
  const { called = "given", seed = 0, workers, maxBroken, keepDecoded, onWarning, progress = () => {} } = options;
  const description = await describeSource(text);
  const source = openSource(description);
  for (const message of source.warnings) onWarning?.(message);
  const loader = openLoader({
    source: description,
    seed,
    ...(workers === undefined ? {} : { workers }),
    ...(maxBroken === undefined ? {} : { tolerance: maxBroken }),
    ...(keepDecoded ? { keep: decodedRoom() } : {}),
    onBroken: (_, name, reason) => onWarning?.(`${name} is skipped: ${reason}`),
  });
  try {
    return await use({ called, description, source, loader, progress });
  } finally {
    await loader.close();
  }
}
