/** What an engine's thread does with requests: it takes them one after another, in order, and answers each. */
import { HcscError, ProviderError } from "../errors.js";
import type { CrossCheck } from "./crossCheck.js";
import type { Block, CallName, Hosted, HostOptions, NamedArrays, Reply, Request } from "./messages.js";
import type { Placement } from "./placement.js";
import type { Told } from "./sessions.js";

/** Called with what is found out while programs run: it goes out with the next reply. */
export interface Findings extends Told {
  checked(check: CrossCheck): void;
}

/** A thread that hosts engines, one at a time. */
export interface EngineHost {
  /** Opens what `open`, the first request to an engine, asks for. */
  open(options: HostOptions, found: Findings): Promise<Hosted>;
  /** The kernels of this library's own that graphs may have nodes for. */
  kernels(): "cuda" | null;
  post(reply: Reply, moved: ArrayBuffer[]): void;
  /** Ends the thread: its last engine is closed. */
  end(): void;
}

/** @returns what takes each request */
export function serveEngines(host: EngineHost): (request: Request) => void {
  let placed: Placement[] = [];
  let checked: CrossCheck[] = [];
  let warnings: string[] = [];
  const found: Findings = {
    placed: (placement) => placed.push(placement),
    checked: (check) => checked.push(check),
    warning: (message) => warnings.push(message),
  };
  /** The engine that is open: `open` is the first request to it, `close` the last. */
  let opening: Promise<Hosted>;

  async function answer(request: Request): Promise<unknown> {
    if (request.call === "open") opening = host.open(request.ask, found);
    const sessions = await opening;
    switch (request.call) {
      case "open":
        return null;
      case "load":
        return sessions.load(request.ask.program, request.ask.model, request.ask.options);
      case "unload":
        await sessions.unload(request.ask.program);
        return null;
      case "write":
        await sessions.write(request.ask.state);
        return null;
      case "read":
        return sessions.read(request.ask.names);
      case "drop":
        sessions.drop(request.ask.names);
        return null;
      case "names":
        return sessions.names();
      case "run":
        return sessions.run(request.ask.program, request.ask.feeds, request.ask.wanted);
      case "traffic":
        return sessions.traffic();
      case "kernels":
        return host.kernels();
      case "close":
        await sessions.close();
        return null;
    }
  }

  async function serve(request: Request): Promise<void> {
    const spent = request.call === "run" ? buffers(request.ask.feeds) : [];
    let reply: Reply;
    let moved: Block[] = [];
    try {
      const made = await answer(request);
      reply = { id: request.id, answer: made, placed, checked, warnings, spent };
      if (request.call === "run" || request.call === "read") moved = buffers(made as NamedArrays);
    } catch (error) {
      const raised = error instanceof HcscError ? error : unexpected(request.call, error as Error);
      reply = { id: request.id, placed, checked, warnings, spent, error: raised.toJSON() };
    }
    placed = [];
    checked = [];
    warnings = [];
    host.post(reply, [...spent, ...moved].filter(isMovable));
    if (request.call === "close" && request.ask.last) host.end();
  }

  let last = Promise.resolve();
  return (request) => {
    last = last.then(() => serve(request));
  };
}

const unexpected = (call: CallName, { stack, message }: Error): ProviderError =>
  new ProviderError("failed", `the engine failed at ${call}: ${stack ?? message}`);

/** The distinct memory blocks of arrays: each may be moved once. */
const buffers = (arrays: NamedArrays): Block[] => [
  ...new Set(Object.values(arrays).map((a) => a.data.buffer as Block)),
];
const isMovable = (block: Block): block is ArrayBuffer => block instanceof ArrayBuffer;
