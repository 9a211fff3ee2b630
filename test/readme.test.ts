import { readFileSync } from "node:fs";
import test from "ava";
import { program } from "../src/cli/program.js";
import { recipeFieldTable } from "../src/recipe/index.js";

const readme = readFileSync("README.md", "utf8");

test("the README lists every recipe field as the schema has it (npm run fields)", (t) => {
  const listed = /<!-- fields -->\n([\s\S]*)\n<!-- \/fields -->/.exec(readme)?.[1];
  t.is(listed, recipeFieldTable());
  t.notRegex(recipeFieldTable(), /\| \|$/m, "every field has a meaning");
});

test("the README names every command", (t) => {
  for (const { name } of program().commands.map((c) => ({ name: c.name() })))
    t.regex(readme, new RegExp(`hcsc ${name}`));
});
