/** The commands of `hcsc` and the options they share. */
import { Command } from "commander";
import { version } from "../version.js";
import { buildCommand } from "./build.js";
import { doctorCommand } from "./doctor.js";
import { duplicatesCommand } from "./duplicates.js";
import { embedCommand } from "./embed.js";
import { evalCommand } from "./eval.js";
import { exportCommand } from "./export.js";
import { importCommand } from "./import.js";
import { logCommand } from "./log.js";
import { neighborsCommand } from "./neighbors.js";
import { organizeCommand } from "./organize.js";
import { replayCommand } from "./replay.js";
import { reportCommand } from "./report.js";
import { sweepCommand } from "./sweep.js";
import { trainCommand } from "./train.js";
import { watchCommand } from "./watch.js";

/** The command `hcsc`, which throws instead of exiting. @param silent - whether it leaves what is wrong to who catches it */
export function commandLine({ silent = false }: { readonly silent?: boolean } = {}): Command {
  const root = new Command("hcsc")
    .description(
      "Hierarchical contrastive pre-training (HCSC) on ONNX Runtime: unlabelled images in; an encoder, embeddings and a hierarchy out",
    )
    .version(version)
    .showHelpAfterError("(see --help)");
  for (const command of [
    buildCommand(),
    trainCommand(),
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
