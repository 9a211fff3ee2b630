/** A command of several processes, started again until it is done: a run goes on from its last checkpoint. */
import { setTimeout } from "node:timers/promises";
import { onDisk, readCheckpoint } from "../disk/index.js";
import { errorClasses } from "../errors.js";
import { counted, duration } from "../text.js";
import { RunFolder } from "../train/index.js";
import { type Attempt, attempt } from "./attempt.js";
import { type HostSlots, type Launcher, launcherLine } from "./launcherLine.js";

/** What is started, where, and how often. */
export interface Request {
  readonly launcher: Launcher;
  readonly hosts: readonly HostSlots[];
  /** The words of the first start. */
  readonly words: readonly string[];
  /** A run that is trained; null: another command, done when its launcher ends well. */
  readonly run: {
    readonly folder: string;
    /** The words by which the run goes on once it is there. */
    readonly goOn: readonly string[];
  } | null;
  readonly restarts: number;
  readonly pauseSeconds: number;
  readonly graceSeconds: number;
  /** How long all processes may take to come together, at each start. */
  readonly startSeconds: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly isRoot: boolean;
  /** Aborted: all stop at the same step, and save. */
  readonly signal: AbortSignal;
  /** Aborted: end at once. */
  readonly atOnce: AbortSignal;
  readonly tell: (line: string) => void;
}

/** How it has come out. */
export interface Ending {
  readonly exitCode: number;
  /** How often it was started. */
  readonly starts: number;
}

const done = 0;
const interrupted = errorClasses.InterruptedError.exitCode;
const wrongUsage = errorClasses.UsageError.exitCode;

/**
 * Starts the command, and again when it was broken off, up to so many times. It is done only when the launcher ends with 0 and the
 * run has come to its last epoch: a launcher may end well although a process has left the others.
 */
export async function broughtToEnd(request: Request): Promise<Ending> {
  const { launcher, hosts, words, run, restarts, pauseSeconds, signal, tell } = request;
  const startSeconds = hosts.length === 1 && hosts[0].slots === 1 ? null : request.startSeconds;
  const environment = { ...request.environment, NO_COLOR: "1" };
  for (let starts = 1; ; starts++) {
    const isThere = starts > 1 && run !== null && (await openRun(run.folder)) !== null;
    const line = launcherLine(launcher, hosts, isThere ? run.goOn : words, { isRoot: request.isRoot, environment });
    const ended = await attempt({ ...request, startSeconds, line, environment, stop: launcher.stop });
    const isWhole = ended.code === done && (run === null || (await isFinished(run.folder)));
    if (isWhole) return { exitCode: done, starts };
    if (signal.aborted) return { exitCode: interrupted, starts };
    const what = `${launcher.command} ${wordsOf(ended)}`;
    if (ended.code === wrongUsage) return { exitCode: wrongUsage, starts };
    if (starts > restarts) {
      tell(`${what}${restarts > 0 ? `, after ${counted(restarts, "restart")}` : ""}`);
      return { exitCode: 1, starts };
    }
    tell(`${what}; restart ${starts} of ${restarts} in ${duration(pauseSeconds)}`);
    await setTimeout(pauseSeconds * 1000, undefined, { signal }).catch(() => {});
    if (signal.aborted) return { exitCode: interrupted, starts };
  }
}

const wordsOf = ({ code, signal, cause, wasKilled }: Attempt): string =>
  [
    wasKilled
      ? "did not end by itself and was killed"
      : signal !== null
        ? `was itself ended by ${signal}`
        : code === done
          ? "has ended well, but the run is not at its end"
          : `has ended with code ${code}`,
    ...(cause === null ? [] : [`(${cause})`]),
  ].join(" ");

const openRun = (folder: string): Promise<RunFolder | null> => RunFolder.open(onDisk(folder)).catch(() => null);

/** Whether a run is at its last epoch, and whoever trained it there has come to its end. */
async function isFinished(folder: string): Promise<boolean> {
  const run = await openRun(folder);
  const last = (await run?.listCheckpoints())?.at(-1);
  if (!run || last === undefined) return false;
  const { position } = await readCheckpoint(last);
  const sessions = (await run.metrics()).filter(({ kind, step }) => kind === "session" && step === position.step);
  return position.epoch === run.description.recipe.epochs && sessions.length > 0;
}
