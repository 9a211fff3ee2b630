/** `hcsc report`: what a run has learned, as a page. */
import { Command } from "commander";
import { lazily } from "./lazily.js";
import { dataHelp, whole, withEngineOptions } from "./options.js";

export function reportCommand(): Command {
  return withEngineOptions(new Command("report"))
    .description(
      "write one HTML file that needs no network: curves, the prototype tree, a map of the images, neighbours, confusions, the recipe",
    )
    .requiredOption("--run <folder>", "a run folder")
    .option("--data <images>", `images to show; default: those that the run was trained on; ${dataHelp}`)
    .option("--out <file>", "where to write; default report.html in the run folder")
    .option("--images <n>", "show at most so many, drawn by the recipe's seed", whole(1), 10_000)
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc report --run runs/photos\n  hcsc report --run runs/demo --data 'data/fashion-mnist[8000:10000]' --out demo.html\n\nThe data go to report.json in the run folder too, from which hcsc watch shows them.",
    )
    .action(lazily(() => import("../actions/report.js")));
}
