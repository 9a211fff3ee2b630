/** Programs that this room brings along: loaded when first needed, then kept for the life of the engine. */
import type { Engine } from "./engine.js";

const loaded = new WeakMap<Engine, Map<string, Promise<unknown>>>();

/** Loads a program unless it was loaded here before; a failed attempt may be repeated. */
export async function loadedOnce(engine: Engine, program: string, model: () => Uint8Array): Promise<void> {
  const programs = loaded.get(engine) ?? new Map<string, Promise<unknown>>();
  loaded.set(engine, programs);
  const loading = programs.get(program) ?? engine.load(program, model());
  programs.set(program, loading);
  try {
    await loading;
  } catch (error) {
    programs.delete(program);
    throw error;
  }
}
