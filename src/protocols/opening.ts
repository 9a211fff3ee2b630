/** Images that are opened late. */
import type { OpenImages } from "../data/index.js";

/** Images that are opened when they are needed, and closed after: `learner.opening(images)` is one. */
export type Opening = <T>(use: (images: OpenImages) => Promise<T>) => Promise<T>;
