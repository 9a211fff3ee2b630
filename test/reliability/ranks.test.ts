/** Of `npm run reliability -- ranks`, which also stops processes and asks them to stop: its kills, and a cut link. */
import test from "ava";
import { noHosts } from "../mpi/hosts.js";
import { type Fault, ranks } from "./ranks.js";

test("two machines over TCP: 20 kills and a cut link are named, and runs end with the bytes of one undisturbed", async (t) => {
  const reason = noHosts();
  if (reason !== null) {
    t.not(process.env.HCSC_EXPECT_NAMESPACES, "1", reason);
    return t.log(`skipped: ${reason}`);
  }
  const faults: readonly Fault[] = ["cut", ...Array<Fault>(20).fill("kill")];
  const { seconds, findings } = await ranks({ faults, seed: 3, launcher: "mpirun.openmpi", onFault: t.log });
  t.deepEqual(findings, []);
  t.deepEqual([seconds.cut.length, seconds.kill.length], [1, 20]);
});
