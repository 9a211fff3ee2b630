/** `hcsc replay`: computes a fixture's case from its inputs. */
import { Command } from "commander";
import { lazily } from "./lazily.js";
import { withEngineOptions } from "./options.js";

export function replayCommand(): Command {
  return withEngineOptions(new Command("replay"))
    .description("compute the outputs of a fixture's case from its inputs alone, under their documented names")
    .argument("<in>", "the case, a .safetensors file with its settings in the metadata")
    .argument("<out>", "where to write the outputs, .safetensors")
    .addHelpText("after", "\nExample:\n  hcsc replay test/fixtures/loss-paper-l3.safetensors out.safetensors")
    .action(lazily(() => import("../actions/replay.js")));
}
