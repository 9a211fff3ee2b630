/** The commands of `hcsc` and the options they share. */
import { Command } from "commander";
import { version } from "../version.js";
import { buildCommand } from "./commands/build.js";
import { doctorCommand } from "./commands/doctor.js";
import { duplicatesCommand } from "./commands/duplicates.js";
import { embedCommand } from "./commands/embed.js";
import { evalCommand } from "./commands/eval.js";
import { exportCommand } from "./commands/export.js";
import { importCommand } from "./commands/import.js";
import { launchCommand } from "./commands/launch.js";
import { logCommand } from "./commands/log.js";
import { neighborsCommand } from "./commands/neighbors.js";
import { organizeCommand } from "./commands/organize.js";
import { replayCommand } from "./commands/replay.js";
import { reportCommand } from "./commands/report.js";
import { sweepCommand } from "./commands/sweep.js";
import { trainCommand } from "./commands/train.js";
import { watchCommand } from "./commands/watch.js";

/** The command `hcsc`, which throws instead of exiting. @param silent - whether it leaves what is wrong to who catches it */
export function rootCommand({ silent = false }: { readonly silent?: boolean } = {}): Command {
  const root = new Command("hcsc")
    .description(
      "Hierarchical contrastive pre-training (HCSC) on ONNX Runtime: unlabelled images in; an encoder, embeddings and a hierarchy out",
    )
    .version(version)
    .showHelpAfterError("(see --help)");
  for (const command of [
    buildCommand(),
    trainCommand(),
    launchCommand(),
    sweepCommand(),
    evalCommand(),
    embedCommand(),
    neighborsCommand(),
    duplicatesCommand(),
    organizeCommand(),
    importCommand(),
    exportCommand(),
    reportCommand(),
    logCommand(),
    watchCommand(),
    replayCommand(),
    doctorCommand(),
  ])
    root.addCommand(command);
  const all = (c: Command): readonly Command[] => [c, ...c.commands.flatMap(all)];
  for (const command of all(root)) {
    command.exitOverride();
    if (silent) command.configureOutput({ writeErr: () => {} });
    if (command.commands.length === 0)
      command
        .option("--json", "print the result, or what is wrong, as one JSON object")
        .option("--verbose", "print an error's stack, and those of its causes");
  }
  return root;
}
