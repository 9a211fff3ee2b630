/** `hcsc doctor`: what runs on this machine, and what to do about what does not. */
import { Command } from "commander";
import { lazily } from "./lazily.js";

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("try every execution provider on this machine: what runs, how fast, and the fix for what does not")
    .addHelpText("after", "\nExamples:\n  hcsc doctor\n  hcsc doctor --json")
    .action(lazily(() => import("../actions/doctor.js")));
}
