/** Which form of a graph an engine runs best, if it has the precision that was asked for. */
import type { CompileTarget } from "../compileTarget.js";
import { type Engine, targetOf } from "../engine/index.js";
import { ProviderError, said } from "../errors.js";
import { probe } from "./probe.js";

/** As `targetOf`. @throws ProviderError if the engine's provider does not run float16 here, and that is its precision */
export async function chooseTarget(engine: Engine): Promise<CompileTarget> {
  if (engine.precision === "fp16") await requireFloat16(engine.provider);
  return targetOf(engine);
}

async function requireFloat16(provider: string): Promise<void> {
  const found = await probe(provider);
  if (!found.runs || !found.precisions.includes("fp16"))
    throw new ProviderError(
      "unsupported",
      said`precision ${{ precision: "fp16" }}: the provider ${{ provider }} does not run float16 here${found.runs ? "" : ` (${found.reason})`}. Use fp32.`,
    );
}
