/** Whether processes that compute together are all well, by what was last heard of each. */
import { duration } from "../../text.js";

/** Where a process is. */
export interface Place {
  readonly rank: number;
  readonly host: string;
  readonly pid: number;
}

/** What is known of a process; times are seconds of the clock of who has heard it. */
export interface Heard extends Place {
  /** `gone`: what joined it to this one broke without a word; `left`: it has said that it ends. */
  readonly state: "here" | "gone" | "left";
  /** When it was last heard. */
  readonly heardAt: number;
  /** When it was last seen to have come on. */
  readonly movedAt: number;
  /** What it had come to then. */
  readonly since: string;
  /** Whether it waits for the others. */
  readonly waits: boolean;
}

export interface Patience {
  /** How long a process may be silent, whatever it does: its pulse beats beside its work. */
  readonly silence: number;
  /** How long no process may come on. */
  readonly stall: number;
}

/** The rest of a sentence by which a process says that all end. */
export const endsAll = "which ends all";

export const named = ({ rank, host, pid }: Place): string => `process ${rank}, on ${host} (PID ${pid}),`;

/** @returns what is wrong, with the process and its host; null: nothing */
export function verdict(all: readonly Heard[], now: number, { silence, stall }: Patience): string | null {
  const gone = all.find(({ state }) => state === "gone");
  if (gone) return `${named(gone)} has ended without a word: it was killed, or its machine went down`;
  const here = all.filter(({ state }) => state === "here");
  const silent = here.find(({ heardAt }) => now - heardAt > silence);
  if (silent)
    return `${named(silent)} has not been heard of for ${duration(now - silent.heardAt)}: it is stopped, or its machine or the link to it is lost`;
  const movedAt = Math.max(...here.map((one) => one.movedAt));
  if (here.length < all.length || now - movedAt <= stall) return null;
  const still = here.filter(({ waits }) => !waits);
  const time = duration(now - movedAt);
  return still.length === 0
    ? `no process has come on for ${time}, as each waits for the others`
    : still.map((one) => `${named(one)} has not come on for ${time} since ${one.since}`).join("; ");
}
