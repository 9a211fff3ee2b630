import { join } from "node:path";
import test from "ava";
import { hcsc, temporary, withRecipe } from "./cli.js";

/** The one line of JSON that a command leaves on stderr; nothing is on stdout. */
async function errorOf(...args: readonly string[]) {
  const { code, stdout, stderr } = await hcsc(...args, "--json");
  const lines = stderr.trimEnd().split("\n");
  return { code, stdout, lines: lines.length, ...JSON.parse(lines.at(-1) as string) };
}

test("with --json an error is one JSON object on stderr, with the flags that mend it; the exit code is its class's", async (t) => {
  const { folder } = await withRecipe();
  const run = join(folder, "run");
  const none = join(folder, "photos");
  t.like(await errorOf("train", "--data", none, "--recipe", "demo", "--out", run), {
    ...{ code: 1, stdout: "", lines: 1 },
    error: {
      ...{ name: "DataError", code: "missing", subject: { file: none }, settings: ["sources"], flags: ["--help"] },
      message: `${none}: there is no such file or folder. Give a folder of images, or another source`,
    },
  });
  const of = await errorOf("build", "demo", "--set", "encoder.imagesize=3");
  t.like(of, { code: 2, lines: 1, error: { name: "UsageError", code: "wrong-fields" } });
  t.is(of.error.subject.field, "encoder.imagesize");
  t.regex(of.error.message, /imagesize: no such field \(did you mean imageSize\?\)$/);
});

test("with --json arguments that cannot be read are an error like others, without help around it", async (t) => {
  t.deepEqual(await errorOf("train", "--epochs", "none"), {
    ...{ code: 2, stdout: "", lines: 1 },
    error: {
      ...{ name: "UsageError", code: "wrong-arguments", subject: {}, settings: [], flags: [] },
      message: "option '--epochs <n>' argument 'none' is invalid. give a whole number of at least 1",
    },
  });
  const plain = await hcsc("train", "--epochs", "none");
  t.is(plain.code, 2);
  t.regex(plain.stderr, /^error: option '--epochs <n>' argument 'none' is invalid/);
  const help = await hcsc("train", "--help", "--json");
  t.is(help.code, 0);
  t.regex(help.stdout, /^Usage: hcsc train/);
});

test("with --json and --verbose the stack is there too, and without --json nothing is JSON", async (t) => {
  const out = await temporary();
  const { code, error } = await errorOf("embed", "--run", out, "--out", "v.npy", "--verbose");
  t.is(code, 2);
  t.like(error, { name: "UsageError", code: "missing", subject: { file: out } });
  t.regex(error.stack, /\n {4}at /);
  t.regex((await hcsc("embed", "--run", out, "--out", "v.npy")).stderr, /^hcsc: .* holds no run/);
});
