/** `hcsc launch`: composes the line of MPI's launcher, prints it, or brings the command to its end. */
import { fileURLToPath } from "node:url";
import { UsageError } from "../../errors.js";
import { broughtToEnd, findLauncher, hostsOf, launcherLine } from "../../launch/index.js";
import { trainCommand } from "../commands/train.js";
import { interruptible } from "../interrupt.js";
import { print, tell } from "../print.js";

interface Flags {
  readonly hosts: string;
  readonly restarts: number;
  readonly pause: number;
  readonly grace: number;
  readonly start: number;
  readonly launcher: string;
  readonly print?: boolean;
  readonly json?: boolean;
}

const program = [process.execPath, fileURLToPath(new URL("../main.js", import.meta.url))];

export async function run(words: readonly string[], flags: Flags): Promise<void> {
  const hosts = hostsOf(flags.hosts);
  const launcher = await findLauncher(flags.launcher);
  const isRoot = process.getuid?.() === 0;
  const environment = process.env;
  const command = [...program, ...words];
  const trained = words[0] === "train" ? trainingOf(words) : null;
  if (flags.print) {
    const line = launcherLine(launcher, hosts, command, { isRoot, environment });
    return print(flags.json, { line }, [line.map(quoted).join(" ")]);
  }
  const atOnce = new AbortController();
  const { exitCode } = await interruptible((signal) => {
    signal.addEventListener("abort", () =>
      process.on("SIGINT", () => atOnce.abort()).on("SIGTERM", () => atOnce.abort()),
    );
    return broughtToEnd({
      ...{ launcher, hosts, words: command, environment, isRoot, signal, atOnce: atOnce.signal },
      run: trained && { folder: trained.folder, goOn: [...program, ...trained.goOn] },
      restarts: flags.restarts,
      pauseSeconds: flags.pause,
      graceSeconds: flags.grace,
      startSeconds: flags.start,
      tell: (line) => tell(`launch: ${line}`),
    });
  });
  process.exitCode = exitCode;
}

/** Options of `train` that say what a new run is; one that goes on knows it. */
const ofNewRuns = [
  ...["data", "split", "test", "recipe", "init", "partial", "epochs", "batchSize", "learningRate", "seed"],
  ...["variant", "set", "precision"],
];

/** The run that a command trains, and the words by which it goes on. @throws UsageError if it names no folder */
function trainingOf(words: readonly string[]): { readonly folder: string; readonly goOn: readonly string[] } {
  const command = trainCommand().exitOverride();
  const { unknown, operands } = command.parseOptions([...words.slice(1)]);
  const given = command.opts<Readonly<Record<string, unknown>>>();
  const folder = given.out;
  if (typeof folder !== "string")
    throw new UsageError("not-given", "the run's folder is needed, by which it goes on when it was broken off", {
      settings: ["out"],
    });
  if (given.resume === true) return { folder, goOn: words };
  const kept = command.options.flatMap((option) => {
    const name = option.attributeName();
    const value = given[name];
    if (command.getOptionValueSource(name) !== "cli" || ofNewRuns.includes(name)) return [];
    const flag = option.long as string;
    if (typeof value !== "boolean") return [flag, String(value)];
    return value === option.negate ? [] : [flag];
  });
  return { folder, goOn: ["train", ...kept, "--resume", ...operands, ...unknown] };
}

/** A word as shells take it. */
const quoted = (word: string): string => (/^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
