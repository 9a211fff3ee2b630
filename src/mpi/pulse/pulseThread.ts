/** The thread that watches over a process, and over those that it hears. It goes on while the main thread is blocked, and ends the process. */
import { writeSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { hostname } from "node:os";
import { createInterface } from "node:readline";
import { parentPort, workerData } from "node:worker_threads";
import type { Center, PulseMessage, PulseOptions } from "./index.js";
import { SharedPulse } from "./sharedPulse.js";
import { endsAll, type Heard, named, type Place, verdict } from "./verdict.js";

/** What threads tell one another, a line of JSON each. */
type Line =
  | { readonly rank: number; readonly token: string }
  | { readonly moves: number; readonly since: string; readonly waits: boolean }
  | "leave";

const { rank, memory, token, silence, stall } = workerData as PulseOptions;
const main = parentPort as NonNullable<typeof parentPort>;
const pulse = new SharedPulse(memory);
const clock = (): number => performance.now() / 1000;
const beat = Math.min(1, silence / 8);
const connectMs = 5000;

let places: readonly Place[] = [];
/** Of those that are heard, by rank: of process 0 all that have come, of the others process 0 alone, and each itself. */
const heard = new Map<number, Heard>();
const moves = new Map<number, number>();
const sockets = new Set<Socket>();

const send = (socket: Socket, line: Line): boolean => socket.write(`${JSON.stringify(line)}\n`);

function hear(from: number, line: Extract<Line, { readonly moves: number }>): void {
  const now = clock();
  const before = heard.get(from);
  const movedAt = before && moves.get(from) === line.moves ? before.movedAt : now;
  moves.set(from, line.moves);
  const { since, waits } = line;
  heard.set(from, { ...places[from], state: "here", heardAt: now, movedAt, since, waits });
}

function becomes(from: number, state: "gone" | "left"): void {
  const known = heard.get(from);
  if (known && known.state !== "left") heard.set(from, { ...known, state });
}

/** What a thread says; null: a stranger has found the port, and says something else. */
function lineOf(text: string): Line | null {
  try {
    const line = JSON.parse(text);
    return line === "leave" || (typeof line === "object" && line !== null) ? line : null;
  } catch {
    return null;
  }
}

/** Hears another thread. @param from - its process; null: it has yet to say it */
function listen(socket: Socket, from: number | null): void {
  let who = from;
  sockets.add(socket);
  socket.setNoDelay(true);
  socket.on("close", () => {
    sockets.delete(socket);
    if (who !== null) becomes(who, "gone");
  });
  const lines = createInterface({ input: socket });
  for (const source of [socket, lines]) source.on("error", () => {}); // the lines repeat the socket's; "close" comes after it
  lines.on("line", (text) => {
    const line = lineOf(text);
    if (line === null) socket.destroy();
    else if (line === "leave") {
      if (who !== null) becomes(who, "left");
    } else if ("token" in line) {
      if (line.token !== token) socket.destroy();
      else who = line.rank;
    } else if (who !== null) hear(who, line);
  });
}

/** Reaches process 0's thread. */
async function reach({ addresses, port }: Center): Promise<void> {
  const isHere = places[0].host === hostname();
  const order = isHere ? ["127.0.0.1", ...addresses] : addresses.filter((a) => a !== "::1" && !a.startsWith("127."));
  for (const host of order) {
    const socket = await new Promise<Socket | null>((done) => {
      const tried = connect({ host, port });
      const timer = setTimeout(() => tried.destroy(), connectMs);
      tried
        .once("connect", () => done(tried))
        .once("error", () => {})
        .once("close", () => done(null));
      tried.once("connect", () => clearTimeout(timer));
    });
    if (!socket) continue;
    listen(socket, 0);
    send(socket, { rank, token });
    return;
  }
  say(
    `warning: process ${rank}, on ${hostname()}, cannot reach process 0 on ${places[0].host}, port ${port} (${order.join(", ")}): were one of them lost, the other would not know`,
  );
}

const say = (text: string): void => {
  writeSync(2, `${text}\n`);
};

/** Tells those that hear it how its process is, and looks how they are. */
let lastLook = clock();
function look(): void {
  const now = clock();
  // A machine that slept, or a process that was stopped and goes on, has heard nobody meanwhile.
  if (now - lastLook > silence / 2) for (const [r, one] of heard) heard.set(r, { ...one, heardAt: now, movedAt: now });
  lastLook = now;
  hear(rank, pulse.now);
  for (const socket of sockets) if (socket.writable) send(socket, pulse.now);
  // Process 0 alone knows whether nobody comes on.
  const patience = { silence, stall: rank === 0 && heard.size === places.length ? stall : Number.POSITIVE_INFINITY };
  const wrong = verdict(
    [...heard.values()].sort((a, b) => a.rank - b.rank),
    now,
    patience,
  );
  if (wrong === null) return;
  clearInterval(looks);
  say(`${named(places[rank])} ends itself, ${endsAll}: ${wrong}`);
  process.kill(process.pid, "SIGKILL");
}

let looks: NodeJS.Timeout | undefined;
function leave(): void {
  clearInterval(looks);
  const open = [...sockets];
  Promise.all(
    open.map(
      (socket) => new Promise((done) => socket.end(`${JSON.stringify("leave" satisfies Line)}\n`, () => done(null))),
    ),
  ).then(() => pulse.hasLeft());
}

main.on("message", async (message: PulseMessage) => {
  if (message === "leave") return leave();
  ({ places } = message);
  if (rank !== 0) await reach(message.center);
  looks = setInterval(look, beat * 1000);
});

if (rank === 0) {
  const server = createServer((socket) => listen(socket, null));
  server.listen(0, () => main.postMessage((server.address() as { readonly port: number }).port));
} else main.postMessage(0);
