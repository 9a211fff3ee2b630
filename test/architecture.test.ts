import { readdirSync, readFileSync } from "node:fs";
import test from "ava";
import type { Command } from "commander";
import { rootCommand } from "../src/cli/rootCommand.js";
import { streams } from "../src/random.js";

/** The table of ARCHITECTURE.md: rooms from the lowest up, and which others each may import from. */
const table = readFileSync("ARCHITECTURE.md", "utf8")
  .split("\n")
  .flatMap((line) => {
    const [, room, allowed] = /^\| `src\/(\w+)\/` \|.*\| ([^|]*) \|$/.exec(line) ?? [];
    return room === undefined ? [] : [{ room, allowed: allowed.trim() }];
  });
const rooms = table.map(({ room }) => room);
const allowedIn = new Map(
  table.map(({ room, allowed }, i) => [
    room,
    allowed === "all above" ? rooms.slice(0, i) : allowed === "–" ? [] : allowed.split(", "),
  ]),
);
/** Single files that every room may use. */
const foundations = [
  "array",
  "compileTarget",
  "errorCodes",
  "errors",
  "heldOut",
  "precision",
  "random",
  "sentence",
  "text",
  "variants",
  "version",
];
/** Single files above all rooms: what the package exports. */
const doors = ["index", "training", "browser"];

const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".ts"));
const importsOf = (file: string): string[] =>
  [...readFileSync(`src/${file}`, "utf8").matchAll(/(?:from |import\()"(\.[^"]+\.js)"/g)].map((m) => m[1]);
const resolve = (file: string, to: string): string => new URL(to, `file:///${file}`).pathname.slice(1);

test("the table names the rooms that there are, each with those above it", (t) => {
  const folders = readdirSync("src", { withFileTypes: true }).filter((entry) => entry.isDirectory());
  t.deepEqual(folders.map(({ name }) => name).sort(), [...rooms].sort());
  for (const [room, allowed] of allowedIn)
    for (const other of allowed) t.true(rooms.indexOf(other) < rooms.indexOf(room), `${room} may import ${other}`);
  const single = files.filter((f) => !f.includes("/")).map((f) => f.replace(".ts", ""));
  t.deepEqual(single.sort(), [...foundations, ...doors].sort());
});

test("every room imports only what the table allows it", (t) => {
  const wrong = files
    .filter((f) => f.includes("/"))
    .flatMap((file) => {
      const room = file.split("/")[0];
      return importsOf(file)
        .map((to) => resolve(file, to))
        .filter((target) => {
          const [other] = target.split("/");
          return (
            other !== room && !foundations.includes(other.replace(".js", "")) && !allowedIn.get(room)?.includes(other)
          );
        })
        .map((target) => `${file} imports ${target}`);
    });
  t.deepEqual(wrong, []);
});

test("no file imports itself by way of others", (t) => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(" → "));
    if (done.has(file) || way.includes(file)) return;
    for (const to of importsOf(file).map((to) => resolve(file, to).replace(/\.js$/, ".ts")))
      if (files.includes(to)) visit(to, [...way, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  t.deepEqual(circles, []);
});

test("files are small, and named for their idea", (t) => {
  const long = files.filter((file) => readFileSync(`src/${file}`, "utf8").split("\n").length > 301);
  t.deepEqual(long, []);
  t.deepEqual(
    files.filter((file) => /(^|\/)(utils?|helpers?|types|common|misc)\b/i.test(file)),
    [],
  );
  t.deepEqual(
    files.filter((file) => files.some((other) => other.startsWith(file.replace(/\.ts$/, "/")))),
    [],
    "a file beside a folder of its name: it is the folder's index.ts",
  );
});

test("every stream of draws has its name, and no two places draw from the same", (t) => {
  const used = files.flatMap((file) => {
    const text = readFileSync(`src/${file}`, "utf8").replaceAll(/\/\*.*?\*\//gs, "");
    return [...text.matchAll(/\brandom\((?!\))[^,()]+(?:, ("?\w+"?))?/g)].map(([, name]) => ({
      file,
      name: name ?? "none",
    }));
  });
  const drawn = used.filter(({ file }) => file !== "random.ts");
  t.deepEqual(
    drawn.filter(({ name }) => !Object.keys(streams).includes(name.slice(1, -1))),
    [],
  );
  const one = (name: string) => new Set(drawn.filter((u) => u.name === `"${name}"`).map(({ file }) => file)).size <= 1;
  for (const name of Object.keys(streams)) t.true(one(name) || name === "mapStart", name);
});

test("every room says in its index what it is for", (t) => {
  for (const room of rooms.filter((room) => room !== "cli"))
    t.regex(readFileSync(`src/${room}/index.ts`, "utf8"), /^\/\*\*[\s\S]{40,}?\*\//, room);
});

test("other rooms are entered by their index", (t) => {
  const doors = /\/index\.js$/;
  for (const file of files.filter((f) => f.includes("/"))) {
    for (const target of importsOf(file).map((to) => resolve(file, to))) {
      const [other] = target.split("/");
      if (other !== file.split("/")[0] && rooms.includes(other)) t.regex(target, doors, `src/${file}`);
    }
  }
});

test("graph, method, clustering and recipes import nothing of Node's, so that a browser can use them", (t) => {
  const free = [
    "onnx",
    "ortTraining",
    "graph",
    "nn",
    "optim",
    "hcsc",
    "recipe",
    "programs",
    "cluster",
    "eval",
    "tensors",
    "engine",
    "train",
    "report",
    "view",
    "web",
    "studio",
  ];
  for (const file of files.filter((f) => free.includes(f.split("/")[0])))
    t.notRegex(readFileSync(`src/${file}`, "utf8"), /from "node:|\bBuffer\b/, `src/${file}`);
});

test("nothing but the command line imports the command line: rooms, tools, and tests of what is below it", (t) => {
  const tools = readdirSync("tools", { recursive: true, encoding: "utf8" }).map((f) => `tools/${f}`);
  const tests = readdirSync("test", { recursive: true, encoding: "utf8" }).map((f) => `test/${f}`);
  const ofCommands = /^test\/(commands\/.*|readme\.test\.ts|architecture\.test\.ts)$/;
  const others = [...files.filter((f) => !f.startsWith("cli/")).map((f) => `src/${f}`), ...tools, ...tests];
  for (const file of others.filter((f) => f.endsWith(".ts") && !ofCommands.test(f)))
    t.notRegex(readFileSync(file, "utf8"), /(from|import) ?\(?"[./]*\/cli\//, file);
});

test("below the command line no text names one of its flags", (t) => {
  const all = (c: Command): readonly Command[] => [c, ...c.commands.flatMap(all)];
  const long = all(rootCommand()).flatMap(({ options }) => options.map(({ long }) => long?.replace("--no-", "--")));
  const names = new Set([...long, "--help"].filter((name) => name !== undefined));
  t.true(names.size > 20 && names.has("--out"));
  const comments = /\/\*.*?\*\/|(?<![:"'`\w])\/\/.*?$/gms;
  for (const file of files.filter((f) => !f.startsWith("cli/"))) {
    const text = readFileSync(`src/${file}`, "utf8").replaceAll(comments, "");
    const found = [...text.matchAll(/(?<![\w-])--[a-z][\w-]*/g)].map(([name]) => name).filter((n) => names.has(n));
    t.deepEqual(found, [], `src/${file}`);
  }
});
