/** What of its machine a process may use where several of a world share it: cores, memory, and one of its devices. */
import { availableParallelism, hostname } from "node:os";
import { type ProviderSettings, providers } from "../engine/index.js";
import { gatherTexts, type World } from "../world/index.js";
import type { EngineChoice } from "./engine.js";

interface Asked extends Pick<EngineChoice, "threads" | "provider"> {
  readonly keepDecoded?: boolean | undefined;
}

/** What was asked for, and where processes share a machine what each takes of it by itself: a call that all make. */
export function machineShare(world: World, asked: Asked): Asked {
  const hosts = gatherTexts(world, hostname());
  const sharers = hosts.flatMap((host, rank) => (host === hostname() ? [rank] : []));
  const { provider = "auto", threads = Math.floor(availableParallelism() / sharers.length) } = asked;
  if (sharers.length === 1) return asked;
  return {
    threads: Math.max(1, threads),
    provider: withDevice(provider, sharers.indexOf(world.rank), process.env.CUDA_VISIBLE_DEVICES),
    keepDecoded: false,
  };
}

/**
 * Threads that load images beside an engine. The CPU's computes on all cores, and two make the views of its next step meanwhile; a
 * device takes images faster than two make them, and leaves every core free but the one that feeds it.
 */
export const loadingThreads = (provider: string, cores: number): number =>
  provider === "cpu" ? 2 : Math.max(2, cores - 1);

const settingsOf: Readonly<Record<string, ProviderSettings>> = providers;

/**
 * A provider with the device for the process of a place on its machine, where it has several and none is named.
 *
 * @param visible - the devices that the process may see, where its launcher says so: if those are its own alone, it takes the first
 */
export function withDevice(provider: string, place: number, visible = ""): string {
  if (provider !== "auto" && !settingsOf[provider]?.picksDevice) return provider;
  const seen = visible.split(",").filter((device) => device !== "").length;
  return `${provider}:${seen > 0 ? place % seen : place}`;
}
