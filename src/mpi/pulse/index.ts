/**
 * Processes that watch over one another. Beside each process's work a thread of its own tells process 0's, by TCP, that the process is
 * there and whether it comes on, and hears the same of process 0. So one that was killed, stopped or cut off is known and named while the
 * others are blocked in a call that waits for it, however long a call may rightly take; then each ends itself outright, and the
 * launcher the rest.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { hostname, networkInterfaces } from "node:os";
import { Worker } from "node:worker_threads";
import { gatherTexts, share, type World } from "../../world/index.js";
import { SharedPulse } from "./sharedPulse.js";
import type { Patience, Place } from "./verdict.js";

export { endsAll, type Patience } from "./verdict.js";

/** What a watching thread is started with. */
export interface PulseOptions extends Patience {
  readonly rank: number;
  readonly memory: SharedArrayBuffer;
  /** What joins only those of one world. */
  readonly token: string;
}

/** Where process 0's thread is reached. */
export interface Center {
  readonly addresses: readonly string[];
  readonly port: number;
}

/** To a watching thread: that it begins, or that its process ends. */
export type PulseMessage = { readonly places: readonly Place[]; readonly center: Center } | "leave";

const longestFarewell = 1000;

/** A world whose processes watch over one another from now on. */
export async function watched(world: World, patience: Patience): Promise<World> {
  const pulse = new SharedPulse();
  pulse.moved("its start");
  const options: PulseOptions = {
    rank: world.rank,
    memory: pulse.memory,
    token: share(world, randomUUID()),
    ...patience,
  };
  const thread = new Worker(new URL("./pulseThread.js", import.meta.url), {
    workerData: options,
    name: "hcsc pulse",
    execArgv: [],
  });
  const [port] = (await once(thread, "message")) as [number];
  thread.unref();
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address));
  const center = share(world, { addresses: addresses.filter((a) => !a.startsWith("fe80:")), port });
  const own: Place = { rank: world.rank, host: hostname(), pid: process.pid };
  const places = gatherTexts(world, JSON.stringify(own)).map((text) => JSON.parse(text) as Place);
  thread.postMessage({ places, center } satisfies PulseMessage);
  const leave = (): void => {
    thread.postMessage("leave" satisfies PulseMessage);
    pulse.awaitLeft(longestFarewell);
  };
  const waits = <A extends readonly unknown[], R>(call: (...given: A) => R): ((...given: A) => R) => {
    return (...given) => {
      pulse.waiting(true);
      const out = call(...given);
      pulse.waiting(false);
      return out;
    };
  };
  return {
    ...world,
    reduce: waits(world.reduce),
    gather: waits(world.gather) as World["gather"],
    exchange: waits(world.exchange),
    broadcast: waits(world.broadcast),
    barrier: waits(world.barrier),
    moved: (to) => pulse.moved(to),
    abort(code) {
      leave();
      world.abort(code);
    },
    finalize() {
      waits(world.finalize)();
      leave();
    },
  };
}
