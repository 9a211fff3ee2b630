/** `hcsc watch`: the page of a run, live. */
import { once } from "node:events";
import { Command } from "commander";
import { servePage } from "../report/index.js";
import { RunFolder } from "../train/index.js";
import { interruptible } from "./interrupt.js";
import { port } from "./options.js";
import { print } from "./print.js";

interface Flags {
  readonly run: string;
  readonly port: number;
  readonly json?: boolean;
}

export function watchCommand(): Command {
  return new Command("watch")
    .description("show a run in the browser while it trains, on this machine alone (127.0.0.1)")
    .requiredOption("--run <folder>", "a run folder")
    .option("--port <n>", "the port; 0: a free one", port, 0)
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc watch --run runs/photos\n  hcsc watch --run runs/photos --port 8080\n\nCurves grow as the run does; tree and map are those of the last hcsc report. Ctrl-C ends it.",
    )
    .action(runWatch);
}

async function runWatch(flags: Flags): Promise<void> {
  const server = await servePage(await RunFolder.open(flags.run), flags.port);
  print(flags.json, { run: flags.run, url: server.url }, [server.url]);
  await interruptible((signal) => once(signal, "abort"));
  await server.close();
}
