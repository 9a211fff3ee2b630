import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "ava";
import { rootCommand } from "../src/cli/rootCommand.js";
import { recipeFieldTable } from "../src/recipe/index.js";

const readme = readFileSync("README.md", "utf8");

const recipes = readFileSync("docs/recipes.md", "utf8");

test("docs/recipes.md lists every recipe field as the schema has it (npm run fields)", (t) => {
  const listed = /<!-- fields -->\n([\s\S]*)\n<!-- \/fields -->/.exec(recipes)?.[1];
  t.is(listed, recipeFieldTable());
  t.notRegex(recipeFieldTable(), /\| \|$/m, "every field has a meaning");
});

test("the README names every command", (t) => {
  for (const { name } of rootCommand().commands.map((c) => ({ name: c.name() })))
    t.regex(readme, new RegExp(`hcsc ${name}`));
});

test("pages link to files that are there", (t) => {
  const pages = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    ...readdirSync("docs")
      .filter((f) => f.endsWith(".md"))
      .map((f) => `docs/${f}`),
  ];
  const broken = pages.flatMap((page) =>
    [...readFileSync(page, "utf8").matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
      .map(([, link]) => join(dirname(page), link))
      .filter((file) => !existsSync(file))
      .map((file) => `${page}: ${file}`),
  );
  t.deepEqual(broken, []);
});

test("the ways of CONTRIBUTING.md and ARCHITECTURE.md lead to files, and their scripts are the package's", (t) => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  const below = readdirSync("src", { recursive: true, encoding: "utf8" }).map((f) => `src/${f}`);
  // A line of the table of rooms names files of its room.
  const isThere = (path: string, room = ""): boolean =>
    existsSync(path) ||
    (room !== "" &&
      below.some((file) => file.startsWith(`${room}/`) && `${file}/`.endsWith(`/${path.replace(/\/$/, "")}/`)));
  const rule = ["x.ts", "x/", "index.ts"]; // the form of names, or the name of many
  const wrong = ["CONTRIBUTING.md", "ARCHITECTURE.md"].flatMap((page) =>
    readFileSync(page, "utf8")
      .split("\n")
      .flatMap((line) => {
        const room = /^\| `(src\/\w+)\/` \|/.exec(line)?.[1];
        const paths = [...line.matchAll(/`([\w./-]+)`/g)].map(([, path]) => path);
        const files = paths.filter((path) => /(\/|\.ts|\.md)$/.test(path) && !rule.includes(path));
        const called = [...line.matchAll(/npm run ([\w-]+)/g)].map(([, script]) => script);
        return [...files.filter((path) => !isThere(path, room)), ...called.filter((script) => !(script in scripts))];
      })
      .map((name) => `${page}: ${name}`),
  );
  t.deepEqual(wrong, []);
});
