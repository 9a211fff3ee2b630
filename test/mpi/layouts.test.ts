import { once } from "node:events";
import { join, resolve } from "node:path";
import test from "ava";
import { tinyRecipe, withRecipe } from "../commands/cli.js";
import { differences, endOf } from "../reliability/crashes.js";
import { noHosts, openHosts } from "./hosts.js";

const main = resolve("build/src/cli/main.js");

test("three processes end with the same bytes on one machine, by its memory, and on two, over TCP", async (t) => {
  const reason = noHosts();
  if (reason !== null) {
    t.not(process.env.HCSC_EXPECT_NAMESPACES, "1", reason);
    return t.log(`skipped: ${reason}`);
  }
  const encoder = { ...tinyRecipe.encoder, querySubBatches: 3, keySubBatches: 3 };
  const { folder, recipe } = await withRecipe({ batchSize: 24, encoder });
  const hosts = openHosts(2);
  t.teardown(() => hosts.close());
  const [a, b] = hosts.addresses;
  const trained = async (layout: string, environment: Readonly<Record<string, string>>) => {
    const out = join(folder, layout);
    const train = ["train", "--data", "synthetic:count=96,size=16", "--recipe", recipe, "--out", out];
    const words = ["launch", "--launcher", "mpirun.openmpi", "--hosts", layout, "--", ...train];
    const child = hosts.start(0, [process.execPath, main, ...words], environment);
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk) => {
        said += chunk;
      });
    const [code] = await once(child, "close");
    t.is(code, 0, said);
    return endOf(out);
  };
  const one = await trained(`${a}:3`, { ...hosts.environment, OMPI_MCA_btl: "vader,self" });
  const sent = hosts.sentBytes(1);
  t.deepEqual(differences(one, await trained(`${a}:2,${b}:1`, hosts.environment)), []);
  t.true(hosts.sentBytes(1) > sent + 1e6);
});
