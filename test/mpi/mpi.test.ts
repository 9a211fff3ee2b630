import { execFileSync } from "node:child_process";
import test from "ava";
import { ProviderError, UsageError } from "../../src/errors.js";
import { families } from "../../src/mpi/families.js";
import { joinWorld, requireWhole } from "../../src/mpi/index.js";
import { launchedBy } from "../../src/mpi/launchers.js";
import { alone, anyOf, gatherTexts, share } from "../../src/world/index.js";
import { everyLauncher, mpirun, script, withLauncher } from "./mpirun.js";

for (const launcher of everyLauncher) {
  withLauncher(
    launcher,
    "every collective gives each process what MPI says, and one that gives up ends all, with its code",
    async (t) => {
      const { code, stdout, stderr } = await mpirun(launcher, 3, [script("collectives.js")]);
      t.is(code, 7, stderr);
      const { size, all } = JSON.parse(stdout);
      t.is(size, 3);
      for (const [rank, own] of all.entries())
        t.deepEqual(own, {
          sum: [3, 1.5],
          max: [2, 0],
          min: [0, -2],
          large: [5 << 20, true],
          gathered: [0, 0.25, 1, 1.25, 2, 2.25],
          received: [0, 1, 2].map((from) => Array(from + rank).fill(10 * from + rank)),
          root: [7.5, -1],
          inMain: [rank === 0 ? 3 * (4 << 20) + 3000 : 0, true],
          texts: ["", "é", "éé"],
          shared: { told: ["ü", null] },
          any: [true, false],
        });
    },
  );
}

withLauncher("openmpi", "a library of another make than the launcher's is refused, with what to do", async (t) => {
  const variables = { HCSC_MPI_LIBRARY: "libmpich.so.12" };
  const { code, stderr } = await mpirun("openmpi", 2, [script("collectives.js")], { variables });
  t.not(code, 0);
  t.regex(stderr, /Open MPI's mpirun has started 2 processes, but libmpich\.so\.12 \(MPICH .*\) knows of 1/);
});

withLauncher("mpich", "a library of another make than the launcher's is refused, with what to do", async (t) => {
  const variables = { HCSC_MPI_LIBRARY: "libmpi.so.40" };
  const { code, stderr } = await mpirun("mpich", 2, [script("collectives.js")], { variables });
  t.not(code, 0);
  t.regex(stderr, /has started 2 processes, but libmpi\.so\.40 \(Open MPI .*\) knows of 1/);
});

test("a library that cannot be opened is named, with what to do", async (t) => {
  const environment = { OMPI_COMM_WORLD_RANK: "0", HCSC_MPI_LIBRARY: "libnowhere.so" };
  const error = await t.throwsAsync(joinWorld(environment), { instanceOf: ProviderError });
  t.is(error?.code, "absent");
  t.regex(error?.message ?? "", /no MPI library can be opened \(libnowhere\.so: .*HCSC_MPI_LIBRARY/);
});

test("launchers are known by what they leave in the environment", (t) => {
  t.is(launchedBy({ SLURM_NTASKS: "8", PATH: "/bin" }), null); // a batch script, in which nothing was launched
  const both = { PMIX_RANK: "1", OMPI_COMM_WORLD_RANK: "1", OMPI_COMM_WORLD_SIZE: "4" };
  t.deepEqual(launchedBy(both), { by: "Open MPI's mpirun", rank: 1, size: 4, family: "openMpi" });
  t.like(launchedBy({ PMI_RANK: "0", PMI_SIZE: "2" }), { rank: 0, size: 2, family: "mpich" });
  t.like(launchedBy({ PMIX_RANK: "3" }), { rank: 3, size: null });
});

test("processes that the library does not know of are an error, and unknown numbers are not", (t) => {
  const library = { file: "libmpi.so.40", version: "Open MPI v4", size: 1 };
  const error = t.throws(() => requireWhole({ by: "mpirun", size: 4 }, library), { instanceOf: UsageError });
  t.is(error?.code, "wrong-launcher");
  t.notThrows(() => requireWhole({ by: "mpirun", size: null }, library));
  t.notThrows(() => requireWhole({ by: "mpirun", size: 1 }, library));
});

test("a process without a launcher is a world of its own, in which all is as it was given", async (t) => {
  const world = await joinWorld({});
  t.is(world, alone);
  const numbers = Float32Array.of(1, 2);
  world.reduce("sum", numbers);
  t.deepEqual([...numbers], [1, 2]);
  t.deepEqual(gatherTexts(world, "a"), ["a"]);
  t.deepEqual(share(world, { a: 1 }), { a: 1 });
  t.true(anyOf(world, true));
  t.false(anyOf(world, false));
});

test("without a launcher no binding is loaded", (t) => {
  const code = `
    const { joinWorld } = await import("./build/src/mpi/index.js");
    const loaded = () => process.report.getReport().sharedObjects.filter((f) => /koffi|libmpi/.test(f)).length;
    await joinWorld({});
    const before = loaded();
    await joinWorld({ PMI_RANK: "0", HCSC_MPI_LIBRARY: "libnowhere.so" }).catch(() => {});
    console.log(before, loaded());
  `;
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(OMPI|PMI)/.test(name)));
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", code], {
    encoding: "utf8",
    env: environment,
  });
  t.is(out.trim(), "0 1");
});

test("a library is of the standard ABI by its name, whoever made it, else of its maker's by what it says", (t) => {
  const of = (file: string, version: string) =>
    Object.entries(families).flatMap(([name, { has }]) => (has(file, version) ? [name] : []));
  for (const file of ["libmpi_abi.so.1", "/usr/lib/libmpi_abi_openmpi.so.1.0.0", "libmpi_abi_mpich.so.1.0.0"])
    for (const version of ["Open MPI v6.0.0rc2", "MPICH Version:\t5.0.2"]) t.deepEqual(of(file, version), ["standard"]);
  t.deepEqual(of("libmpi.so.40", "Open MPI v4.1.4"), ["openMpi"]);
  for (const version of ["MPICH Version:\t4.0.2", "Intel(R) MPI Library 2021.16"])
    t.deepEqual(of("libmpi.so.12", version), ["mpich"]);
  t.deepEqual(of("libmpi.so.1", "LAM/MPI"), []);
});
