/** `hcsc launch`: a command on several machines, by the launcher of the MPI that is there. */
import { Command } from "commander";
import { lazily } from "./lazily.js";
import { positive, whole } from "./options.js";

export function launchCommand(): Command {
  return new Command("launch")
    .description(
      "start train, or another command, in several processes by MPI's launcher, and again when it is broken off",
    )
    .argument("<command...>", "the command after --, such as: -- train --out runs/photos --resume")
    .requiredOption("--hosts <list>", "machines, each with the number of its processes: a:2,b:2")
    .option("--restarts <n>", "how often a run that was broken off goes on from its last checkpoint", whole(0), 0)
    .option("--pause <seconds>", "time before a restart", positive, 5)
    .option(
      "--grace <seconds>",
      "how long the launcher may take to end once a process has failed, is lost, or is done; then it is killed",
      positive,
      10,
    )
    .option(
      "--start <seconds>",
      "how long all processes may take to come together; then the launcher is killed",
      positive,
      300,
    )
    .option("--launcher <command>", "Open MPI's or MPICH's", "mpirun")
    .option("--print", "print the launcher's line, and start nothing")
    .addHelpText(
      "after",
      `
Examples:
  hcsc launch --hosts a,b --restarts 3 -- train --recipe cifar-resnet18 --data photos --out runs/photos
  hcsc launch --hosts a,b -- train --out runs/photos --resume
  hcsc launch --hosts localhost:2 --launcher mpirun.mpich --print -- train --out runs/photos --resume

Every machine has the same Node, this package and the images under the same paths; the first in the list writes the run's folder.
Ctrl-C, SIGTERM or SIGUSR2 stops all processes after the same step, and saves; a second Ctrl-C ends all at once.
It exits with 0 only when the launcher ends well and the run is at its last epoch.`,
    )
    .action(lazily(() => import("../actions/launch.js")));
}
