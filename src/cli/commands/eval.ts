/** `hcsc eval`: how good a run's encoder is. */
import { Command } from "commander";
import { evalClusterCommand } from "./evalCluster.js";
import { evalKnnCommand } from "./evalKnn.js";
import { evalLinearCommand } from "./evalLinear.js";
import { evalSemiCommand } from "./evalSemi.js";
import { evalTransferCommand } from "./evalTransfer.js";

export const evalCommand = (): Command =>
  new Command("eval")
    .description("evaluate a run")
    .addCommand(evalKnnCommand())
    .addCommand(evalLinearCommand())
    .addCommand(evalSemiCommand())
    .addCommand(evalTransferCommand())
    .addCommand(evalClusterCommand());
