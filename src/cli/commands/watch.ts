/** `hcsc watch`: the page of a run, live. */
import { Command } from "commander";
import { lazily } from "./lazily.js";
import { port } from "./options.js";

export function watchCommand(): Command {
  return new Command("watch")
    .description("show a run in the browser while it trains, on this machine alone (127.0.0.1)")
    .requiredOption("--run <folder>", "a run folder")
    .option("--port <n>", "the port; 0: a free one", port, 0)
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc watch --run runs/photos\n  hcsc watch --run runs/photos --port 8080\n\nCurves grow as the run does; tree and map are those of the last hcsc report. Ctrl-C ends it.",
    )
    .action(lazily(() => import("../actions/watch.js")));
}
