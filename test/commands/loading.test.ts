import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import test from "ava";
import { hcscWith, temporary } from "./cli.js";

/** What the command line stands on before any command runs: all other modules are loaded by a command's action. */
const light =
  /^node:|\/node_modules\/commander\/|\/build\/src\/(cli\/(main|commandLine|rootCommand|print|commands\/\w+)|\w+)\.js$/;

for (const [args, code] of [
  [["--help"], 0],
  [["--version"], 0],
  [["train", "--help"], 0],
  [["trian"], 2],
  [["eval", "knn", "--tset", "x"], 2],
] as const) {
  test(`hcsc ${args.join(" ")} loads no room and no library but commander`, async (t) => {
    const loaded = join(await temporary(), "loaded");
    const hook = pathToFileURL(resolve("build/test/commands/recordedLoads.js")).href;
    const outcome = await hcscWith({ LOADED: loaded, NODE_OPTIONS: `--import ${hook}` }, ...args);
    t.is(outcome.code, code, outcome.stderr);
    const modules = (await readFile(loaded, "utf8")).trim().split("\n");
    t.true(modules.some((url) => url.endsWith("/cli/commands/train.js")));
    t.deepEqual(
      modules.filter((url) => !light.test(url)),
      [],
    );
  });
}

test("the record of loads sees what an action loads", async (t) => {
  const loaded = join(await temporary(), "loaded");
  const hook = pathToFileURL(resolve("build/test/commands/recordedLoads.js")).href;
  await hcscWith({ LOADED: loaded, NODE_OPTIONS: `--import ${hook}` }, "log", "--run", "none", "--out", "none.csv");
  t.regex(await readFile(loaded, "utf8"), /build\/src\/train\/index\.js\n/);
});
