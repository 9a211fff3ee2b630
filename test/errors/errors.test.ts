import { readFileSync } from "node:fs";
import test from "ava";
import { type ErrorData, errorClasses, errorFrom, HcscError } from "../../src/errors.js";
import { temporary } from "../commands/cli.js";
import { raiseAll } from "./cases.js";
import { errorPage } from "./page.js";

const raised = raiseAll(await temporary());

test("each class is raised with each of its codes, as data that survives JSON and threads", async (t) => {
  const all = await raised;
  t.is(all.length, Object.values(errorClasses).flatMap(({ codes }) => Object.keys(codes)).length);
  for (const { name, code, error } of all) {
    if (!(error instanceof HcscError)) {
      t.fail(`${name} ${code}: ${error}`);
      continue;
    }
    t.deepEqual([error.name, error.code], [name, code], error.message);
    const data: ErrorData = JSON.parse(JSON.stringify(error));
    t.deepEqual(Object.keys(data), ["name", "code", "subject", "settings", "message"]);
    const again = errorFrom(structuredClone(error.toJSON()));
    t.is(again.constructor, error.constructor);
    t.deepEqual(again.toJSON(), error.toJSON());
    t.deepEqual(again.toJSON(), data, `${name} ${code}: its subject is plain data`);
  }
});

test("what an error names stands in its message", async (t) => {
  for (const { error } of await raised) {
    const { message, subject } = error as HcscError;
    for (const [kind, value] of Object.entries(subject))
      t.true(
        message.replaceAll(", ", ",").includes(String(value).replaceAll(", ", ",")),
        `${kind} ${value}: ${message}`,
      );
  }
});

test("docs/errors.md is as the errors are (npm run errors)", async (t) => {
  t.is(readFileSync("docs/errors.md", "utf8"), errorPage(await raised));
});
