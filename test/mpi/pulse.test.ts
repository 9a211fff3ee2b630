/** The threads that watch over processes hear whoever comes to their port, and live through how he goes. */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import test from "ava";
import type { PulseMessage, PulseOptions } from "../../src/mpi/pulse/index.js";
import { SharedPulse } from "../../src/mpi/pulse/sharedPulse.js";

const place = { rank: 0, host: "here", pid: process.pid };

/** Process 0's thread, and the port at which it hears. */
async function begun() {
  const pulse = new SharedPulse();
  const workerData: PulseOptions = { rank: 0, memory: pulse.memory, token: "ours", silence: 0.08, stall: 60 };
  const thread = new Worker(new URL("../../src/mpi/pulse/pulseThread.js", import.meta.url), { workerData });
  const [port] = (await once(thread, "message")) as [number];
  const tell = (message: PulseMessage): void => thread.postMessage(message);
  tell({ places: [place], center: { addresses: [], port } });
  return { pulse, thread, port, tell };
}

for (const [how, words, ends] of [
  ["breaks off", "", "resetAndDestroy"],
  ["says nothing and goes", "", "end"],
  ["says what is no line of ours", "GET / HTTP/1.1\r\n\r\n", "end"],
  ["says null", "null\n", "resetAndDestroy"],
  ["has another world's token", '{"rank":0,"token":"theirs"}\n', "resetAndDestroy"],
] as const)
  test(`a stranger at the port ${how}: the thread watches on`, async (t) => {
    const { thread, port, tell } = await begun();
    const failed = once(thread, "error").then(([error]) => error as Error);
    for (let i = 0; i < 5; i++) {
      const socket = connect({ host: "127.0.0.1", port }).on("error", () => {});
      await once(socket, "connect");
      socket.write(words);
      await sleep(12); // looks come every 10 ms
      socket[ends]();
    }
    t.is(await Promise.race([failed, sleep(50, "well")]), "well");
    tell("leave");
    await thread.terminate();
  });

test("a thread that has said that its process ends says no more", async (t) => {
  const { pulse, thread, port, tell } = await begun();
  const failed = once(thread, "error").then(([error]) => error as Error);
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true }).setEncoding("utf8");
  let heard = "";
  socket.on("data", (text) => {
    heard += text;
  });
  await once(socket, "connect");
  await sleep(30);
  tell("leave");
  t.is(await Promise.race([failed, once(socket, "end").then(() => "end")]), "end");
  t.is(await Promise.race([failed, sleep(50, "well")]), "well"); // its side is closed, ours is not
  pulse.awaitLeft(1000);
  t.true(heard.endsWith('"leave"\n'), heard);
  await thread.terminate();
});
