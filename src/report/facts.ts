/** What a run is, for the head of a page. */
import { type Checkpoint, chanceLoss, type RunFolder } from "../train/index.js";
import type { RunFacts } from "./data.js";

/** @param checkpoint - the one shown; null before the first */
export function factsOf({ path, description }: RunFolder, checkpoint: Checkpoint | null): RunFacts {
  const { recipe, data, images, started, sessions, versions } = description;
  const { provider = null, crossCheck = false } = sessions?.at(-1) ?? {};
  const compared = crossCheck ? "first runs compared with the CPU's" : "not compared with the CPU's";
  return {
    name: basename(path),
    data: basename(data),
    images,
    started,
    epoch: checkpoint?.position.epoch ?? null,
    step: checkpoint?.position.step ?? null,
    epochs: recipe.epochs,
    chanceLoss: chanceLoss(recipe.method.queue),
    provider: provider === null || provider === "cpu" ? provider : `${provider}, ${compared}`,
    recipe: dotted(recipe),
    versions,
  };
}

/** The last part of a path. */
const basename = (path: string): string => path.split(/[/\\]/).findLast((part) => part !== "") ?? path;

/** `["method.queue", "1024"]`: groups by their fields, lists as JSON. */
function dotted(fields: object, path = ""): (readonly [string, string])[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? dotted(value, `${path}${name}.`)
      : [[`${path}${name}`, typeof value === "string" ? value : JSON.stringify(value)] as const],
  );
}
