/** An engine that says which provider was chosen, where nodes run, and how its numbers compare with the CPU's. */
import { checkNotice, type Engine, type Placement, placementWarning } from "../engine/index.js";
import { type EngineOptions, openEngine } from "../runtime/index.js";
import type { Reporter } from "../train/index.js";

/** How graphs are run. The provider is by default `auto`. */
export type EngineChoice = Pick<
  EngineOptions,
  "backend" | "provider" | "threads" | "precision" | "crossCheck" | "capture"
>;

/** @throws as `openEngine` */
export async function openHeardEngine({ provider = "auto", ...choice }: EngineChoice, tell: Reporter): Promise<Engine> {
  const note = (message: string) => tell({ kind: "note", message });
  const warning = (message: string) => tell({ kind: "warning", message });
  let taken = provider;
  const placed = new Set<string>();
  return openEngine({
    ...choice,
    provider,
    onChosen: (chosen) => {
      for (const { provider, why } of chosen.passedOver) note(`${provider} is passed over: ${why}`);
      taken = chosen.provider;
      note(`the provider is ${taken}`);
    },
    onPlaced: (placement: Placement) => {
      if (placed.has(placement.program)) return;
      placed.add(placement.program);
      const doubt = placementWarning(placement);
      if (doubt) warning(doubt);
      else note(`every node of ${placement.program} runs on ${taken}`);
    },
    onChecked: (check) => note(checkNotice(check, taken)),
    onWarning: warning,
  });
}
