/** Sets of images opened for use. */
import { decodedRoom } from "./decoded.js";
import { describeImages, type GivenImages, type NamedSet } from "./describe.js";
import { type Loader, openLoader } from "./loader.js";
import { type ImageSource, openSource } from "./source.js";

/** A set of images that is open: what is known of it, and what loads it. */
export interface OpenImages extends NamedSet {
  /** What messages call them: the … images. */
  readonly called: string;
  readonly source: ImageSource;
  readonly loader: Loader;
  /** Told how far work on them is. */
  readonly progress: (stage: string, done: number, total: number) => void;
}

/** How images are opened. */
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

/** Images that are open until they are closed. */
export type ClosableImages = OpenImages & { readonly close: () => Promise<void> };

/** Opens a described set: its loader's threads run until it is closed. */
export function openImages(set: NamedSet, options: OpenOptions): ClosableImages {
  const { called = "given", seed = 0, workers, maxBroken, keepDecoded, onWarning, progress = () => {} } = options;
  const { description } = set;
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
  return { ...set, called, source, loader, progress, close: () => loader.close() };
}

/** Opens images for `use`, and closes them whatever happens. @throws as `describeImages`, and what `use` throws */
export async function withImages<T>(
  images: GivenImages,
  options: OpenOptions,
  use: (images: OpenImages) => Promise<T>,
): Promise<T> {
  const opened = openImages(await describeImages(images), options);
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}
