import { type Launcher, mpirun, script, withLauncher } from "./mpirun.js";

/** Processes, and sets that are drawn: MPICH's processes wait at full speed, which takes long where cores are few. */
const runs: readonly (readonly [Launcher, number, number])[] = [
  ["openmpi", 3, 16],
  ["mpich", 2, 4],
];

for (const [launcher, processes, sets] of runs)
  withLauncher(
    launcher,
    `${processes} processes cluster and evaluate data of which each has its part as one that has all`,
    async (t) => {
      const { code, stdout, stderr } = await mpirun(launcher, processes, [script("shares.js"), String(sets)]);
      t.is(code, 0, stderr);
      t.deepEqual(JSON.parse(stdout), []);
    },
  );
