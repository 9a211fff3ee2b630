import { readdirSync, readFileSync } from "node:fs";
import test from "ava";
import type { Command } from "commander";
import { program } from "../src/cli/program.js";

/** Rooms from the lowest up: each may import from those before it. */
const rooms = [
  "tensorfile",
  "onnx",
  "ortTraining",
  "ort",
  "graph",
  "nn",
  "optim",
  "hcsc",
  "recipe",
  "artifacts",
  "cluster",
  "data",
  "eval",
  "organize",
  "runtime",
  "weights",
  "train",
  "log",
  "replay",
  "presets",
  "encoder",
  "protocols",
  "learner",
  "sweep",
  "report",
  "cli",
];
/** Single files that every room may use. */
const foundations = ["array", "errors", "heldOut", "precision", "random", "text", "version"];

const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".ts"));
const importsOf = (file: string): string[] =>
  [...readFileSync(`src/${file}`, "utf8").matchAll(/from "(\.[^"]+)"/g)].map((m) => m[1]);
const resolve = (file: string, to: string): string => new URL(to, `file:///${file}`).pathname.slice(1);

test("every room imports only from rooms below it", (t) => {
  for (const file of files.filter((f) => f.includes("/"))) {
    const room = file.split("/")[0];
    for (const target of importsOf(file).map((to) => resolve(file, to))) {
      const [other] = target.split("/");
      if (other === room || foundations.includes(other.replace(".js", ""))) continue;
      t.true(rooms.indexOf(other) < rooms.indexOf(room), `src/${file} imports ${target}`);
    }
  }
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
  const free = ["onnx", "ortTraining", "graph", "nn", "optim", "hcsc", "recipe", "artifacts", "cluster", "eval"];
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
  const long = all(program()).flatMap(({ options }) => options.map(({ long }) => long?.replace("--no-", "--")));
  const names = new Set([...long, "--help"].filter((name) => name !== undefined));
  t.true(names.size > 20 && names.has("--out"));
  const comments = /\/\*.*?\*\/|(?<![:"'`\w])\/\/.*?$/gms;
  for (const file of files.filter((f) => !f.startsWith("cli/"))) {
    const text = readFileSync(`src/${file}`, "utf8").replaceAll(comments, "");
    const found = [...text.matchAll(/(?<![\w-])--[a-z][\w-]*/g)].map(([name]) => name).filter((n) => names.has(n));
    t.deepEqual(found, [], `src/${file}`);
  }
});
