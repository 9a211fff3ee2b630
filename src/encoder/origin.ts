/** Where an encoder is from, for its card. */
import { basename, resolve } from "node:path";
import type { FitReport } from "../weights/index.js";
import type { Trained } from "./embeddings/index.js";

/** A run that trained it, or a file of weights from elsewhere. */
export type Origin =
  | {
      readonly kind: "run";
      readonly name: string;
      readonly data: string;
      readonly images: number;
      readonly step: number;
    }
  | { readonly kind: "file"; readonly file: string; readonly layout: string };

/** Of a run's encoder; of one that was imported and not trained, the file. */
export function originOf({ run, checkpoint }: Pick<Trained, "run" | "checkpoint">): Origin {
  const { data, images, init, sessions } = run.description;
  if (init && sessions?.length === 0) return originOfFile(init.report);
  return { kind: "run", name: basename(resolve(run.path)), data, images, step: checkpoint.position.step };
}

export const originOfFile = ({ file, layout }: FitReport): Origin => ({ kind: "file", file, layout });
