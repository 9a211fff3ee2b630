/** One start of a launcher, watched to its end. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { endsAll, isPlacesLine } from "../mpi/index.js";
import { duration } from "../text.js";

export interface Attempt {
  /** The launcher's exit code; null: a signal has ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The first thing that was said to end all, if any was. */
  readonly cause: string | null;
  /** Whether the launcher did not end by itself in time, and was killed. */
  readonly wasKilled: boolean;
}

export interface AttemptOptions {
  readonly line: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** What is sent to the launcher for a stop that all agree on. */
  readonly stop: NodeJS.Signals;
  /** Aborted: stop, once what is under way is saved. */
  readonly signal: AbortSignal;
  /** Aborted: end at once. */
  readonly atOnce: AbortSignal;
  /** How long the launcher may take to end once a process has said that all end, or has printed its results. */
  readonly graceSeconds: number;
  /** How long its processes may take to come together; null: there is one, which says nothing of it. */
  readonly startSeconds: number | null;
}

/** The signal that a code says, as shells and launchers count. */
const signalOf = (code: number | null): string | undefined =>
  Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0];

/** How MPICH's launcher tells of a process that was killed. */
const ended = /PID (\d+) RUNNING AT (\S+)/;
/** How Open MPI's says that it ends all; now and then it does not end itself then. */
const aborted = /the job has been aborted/;

/** What a launcher prints goes on to this process's streams. */
export function attempt(options: AttemptOptions): Promise<Attempt> {
  const { line, environment, stop, signal, atOnce, graceSeconds, startSeconds } = options;
  const [command, ...args] = line;
  const child = spawn(command, args, {
    detached: true, // Ctrl-C in a terminal is for this process, which passes a stop on as the launcher takes it
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let cause: string | null = null;
  let wasKilled = false;
  const kill = (): void => {
    wasKilled = true;
    try {
      process.kill(-(child.pid as number), "SIGKILL");
    } catch {} // it has just ended
  };
  let areTogether = startSeconds === null;
  let start: NodeJS.Timeout | undefined;
  if (startSeconds !== null)
    start = setTimeout(() => {
      cause = `its processes have not come together in ${duration(startSeconds)}`;
      kill();
    }, startSeconds * 1000);
  let grace: NodeJS.Timeout | undefined;
  const isToEnd = (): void => {
    clearTimeout(start);
    grace ??= setTimeout(kill, graceSeconds * 1000);
  };
  const blame = (words: string): void => {
    cause ??= words;
    isToEnd();
  };
  /** The next line says why a process failed. */
  let isNext = "";
  const hear = (text: string): void => {
    if (isPlacesLine(text)) {
      clearTimeout(start);
      areTogether = true;
    }
    const pid = ended.exec(text);
    if (isNext !== "") blame(`${isNext} ${text}`);
    isNext = text.endsWith(`${endsAll}:`) ? text : "";
    if (text.includes(`${endsAll}: `)) blame(text);
    else if (aborted.test(text)) {
      if (!areTogether) cause ??= "a process has ended before all had come together";
      isToEnd();
    } else if (pid) blame(`the process with PID ${pid[1]} on ${pid[2]} was ended`);
  };
  child.stdout.once("data", isToEnd); // results are a command's last words
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const)
    createInterface({ input: from }).on("line", (text) => {
      to.write(`${text}\n`);
      hear(text);
    });
  const stopping = () => child.kill(stop);
  return new Promise((done, failed) => {
    signal.addEventListener("abort", stopping);
    atOnce.addEventListener("abort", kill);
    const end = (): void => {
      signal.removeEventListener("abort", stopping);
      atOnce.removeEventListener("abort", kill);
      clearTimeout(start);
      clearTimeout(grace);
    };
    child.on("error", (error) => {
      end();
      failed(error);
    });
    child.on("close", (code, signal) => {
      end();
      // Until they watch over one another the launcher alone can name one, and Open MPI's does not always.
      const told = areTogether ? undefined : signalOf(code);
      if (told) cause ??= `a process was ended by ${told} before all had come together`;
      done({ code, signal, cause, wasKilled });
    });
    // What it has started may hold its streams when it is gone.
    child.on("exit", () => {
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, 2000).unref();
    });
  });
}
