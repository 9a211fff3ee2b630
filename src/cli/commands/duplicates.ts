/** `hcsc duplicates`: images of a set that are nearly the same, and a page to look at them. */
import { Command } from "commander";
import { lazily } from "./lazily.js";
import { cosine, dataHelp, withEngineOptions } from "./options.js";

export function duplicatesCommand(): Command {
  return withEngineOptions(new Command("duplicates"))
    .description("find groups of images that are nearly the same, by the cosine of the query backbone's features")
    .requiredOption("--run <folder>", "a run folder")
    .option("--data <images>", `default: the images that the run was trained on; ${dataHelp}`)
    .option("--threshold <cosine>", "images of at least this cosine are alike", cosine, 0.995)
    .option("--out <file>", "an HTML page of the groups, to look at")
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc duplicates --run runs/photos --out duplicates.html\n  hcsc duplicates --run runs/photos --data more-photos --threshold 0.99 --json",
    )
    .action(lazily(() => import("../actions/duplicates.js")));
}
