/** Images that are opened when they are needed, and closed after. */
import type { OpenImages } from "../data/index.js";

export type Opening = <T>(use: (images: OpenImages) => Promise<T>) => Promise<T>;
