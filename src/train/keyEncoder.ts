/** The key encoder as clusterings ask it for embeddings, its weights as the engine's state has them by then. */
import type { DenseArray, Matrix } from "../array.js";
import type { CompileTarget } from "../compileTarget.js";
import type { Engine } from "../engine/index.js";
import { encoderSpecs, keyEncoderProgram, type StateMemory, state } from "../programs/index.js";
import { type EncodingRequest, embedBatch, embedImages, encoded } from "./embed.js";
import type { Plan } from "./plan.js";

/** What gives the embeddings of images, unit rows [N, D], in order. */
export interface KeyEncoder {
  embed(request: Omit<EncodingRequest, "recipe">): Promise<Matrix>;
  unload(): Promise<void>;
}

/**
 * The key encoder for a target. On the CPU a model with the weights inside, made anew each time: its normalisations become part of
 * its convolutions. On devices a program that reads the state and stays loaded, for batches of one size: there to make a session,
 * and to choose kernels for it, takes longer than to embed some thousands of small images.
 */
export const keyEncoderOf = (engine: Engine, plan: Plan, target: CompileTarget, memory: StateMemory): KeyEncoder =>
  target.kind === "device" ? new Resident(engine, plan, target) : folded(engine, plan, memory);

function folded(engine: Engine, { recipe, settings }: Plan, memory: StateMemory): KeyEncoder {
  const names = encoderSpecs(settings.encoder).map((s) => s.name);
  const weights = async (): Promise<Record<string, DenseArray>> => {
    const stored = memory.unpack(await engine.read(memory.holders(names.map(state.key))));
    return Object.fromEntries(names.map((n) => [n, stored[state.key(n)]]));
  };
  return {
    async embed({ loader, indices, progress, signal }) {
      return (await embedImages(engine, loader, recipe, await weights(), indices, progress, signal)).embeddings;
    },
    unload: async () => {},
  };
}

class Resident implements KeyEncoder {
  private loaded: string | null = null;

  constructor(
    private readonly engine: Engine,
    private readonly plan: Plan,
    private readonly target: CompileTarget & { readonly kind: "device" },
  ) {}

  async embed(request: Omit<EncodingRequest, "recipe">): Promise<Matrix> {
    const { recipe, settings } = this.plan;
    this.loaded ??= await this.load();
    const wanted = { embedding: settings.encoder.dimension };
    return (await encoded(this.engine, this.loaded, wanted, { ...request, recipe }, true)).embedding;
  }

  async unload(): Promise<void> {
    if (this.loaded) await this.engine.unload(this.loaded);
    this.loaded = null;
  }

  private async load(): Promise<string> {
    const exact = { ...this.target, precision: "fp32" } as const; // whatever the steps' convolutions are in
    const { name, model } = keyEncoderProgram(this.plan.settings, embedBatch, exact);
    await this.engine.load(name, model);
    return name;
  }
}
