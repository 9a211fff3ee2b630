import test from "ava";
import { openEngine } from "../../src/runtime/index.js";
import { cases, compared, nameOf } from "./cases.js";

/** Why CUDA does not run here; `HCSC_EXPECT_CUDA=1` turns its absence into a failure. */
const absence =
  process.env.HCSC_EXPECT_CUDA === "1"
    ? null
    : await openEngine({ provider: "cuda" }).then(
        async (engine) => {
          await engine.close();
          return null;
        },
        (error: Error) => error.message,
      );

const title = "every kernel of our own computes what standard ops do, and gives the same bits every time";
const onCard = absence === null ? test : test.skip;
onCard(absence === null ? title : `${title} (CUDA does not run here: ${absence})`, async (t) => {
  t.timeout(300_000);
  const [cpu, cuda] = [await openEngine(), await openEngine({ provider: "cuda", crossCheck: false })];
  t.teardown(() => Promise.all([cpu.close(), cuda.close()]));
  t.is(await cuda.kernels(), "cuda");
  for (const c of cases) {
    const { error, steady } = await compared(c, cuda, cpu);
    t.true(error < 1e-5, `${nameOf(c)}: ${error}`);
    t.true(steady, nameOf(c));
  }
});

test("an engine without CUDA has no kernels of our own", async (t) => {
  const cpu = await openEngine();
  t.teardown(() => cpu.close());
  t.is(await cpu.kernels(), null);
});
