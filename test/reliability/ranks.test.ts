/** A little of `npm run reliability -- ranks`, which also stops processes and asks them to stop. */
import test from "ava";
import { noHosts } from "../mpi/hosts.js";
import { ranks } from "./ranks.js";

test("two machines over TCP: a kill and a cut link are named, and the run ends with the bytes of one undisturbed", async (t) => {
  const reason = noHosts();
  if (reason !== null) {
    t.not(process.env.HCSC_EXPECT_NAMESPACES, "1", reason);
    return t.log(`skipped: ${reason}`);
  }
  const faults = ["kill", "cut"] as const;
  const { seconds, findings } = await ranks({ faults, seed: 3, launcher: "mpirun.openmpi", onFault: t.log });
  t.deepEqual(findings, []);
  t.true(faults.every((fault) => seconds[fault].length === 1));
});
