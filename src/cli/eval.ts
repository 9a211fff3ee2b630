/** `hcsc eval`: how good a run's encoder is. */
import { Command } from "commander";
import { evalClusterCommand } from "./evalCluster.js";
import { evalKnnCommand } from "./evalKnn.js";
import { evalLinearCommand } from "./evalLinear.js";

export const evalCommand = (): Command =>
  new Command("eval")
    .description("evaluate a run")
    .addCommand(evalKnnCommand())
    .addCommand(evalLinearCommand())
    .addCommand(evalClusterCommand());
