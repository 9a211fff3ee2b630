import type { Attributes, Value } from "../../value.js";

/** What a composite becomes: its outputs from its inputs. */
export type Expansion = (inputs: readonly Value[], attributes: Attributes) => readonly Value[];
