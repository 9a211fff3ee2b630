/** A little of `npm run reliability -- ranks`. */
import test from "ava";
import { noHosts } from "../mpi/hosts.js";
import { ranks } from "./ranks.js";

test("two machines over TCP: a kill, a stopped process, a cut link and a planned stop are named, and the run ends with the bytes of one undisturbed", async (t) => {
  const reason = noHosts();
  if (reason !== null) {
    t.not(process.env.HCSC_EXPECT_NAMESPACES, "1", reason);
    return t.log(`skipped: ${reason}`);
  }
  const faults = ["kill", "stop", "leave", "cut"] as const;
  const { seconds, findings } = await ranks({ faults, seed: 3, launcher: "mpirun.openmpi", onFault: t.log });
  t.deepEqual(findings, []);
  t.true(Object.values(seconds).every(({ length }) => length === 1));
});
