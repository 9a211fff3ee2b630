#!/usr/bin/env node
/** The command `hcsc`. */
import { runCommandLine } from "./commandLine.js";

// A reader that leaves (`| head`), or a terminal that closes, ends no work: what would be told is dropped.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (!["EPIPE", "EIO", "ECONNRESET"].includes(error.code ?? "")) throw error;
  });

await runCommandLine(process.argv.slice(2));
