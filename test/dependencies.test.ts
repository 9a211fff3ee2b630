/** What the package brings along: licences, reasons and scripts. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import test from "ava";

interface Package {
  readonly license?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly integrity?: string;
}

const json = (file: string) => JSON.parse(readFileSync(file, "utf8"));
const { dependencies, allowScripts } = json("package.json") as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
};
const { packages } = json("package-lock.json") as { readonly packages: Readonly<Record<string, Package>> };
const production = Object.entries(packages).filter(([path, { dev }]) => path !== "" && !dev);
const nameOf = (path: string): string => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
const page = readFileSync("docs/dependencies.md", "utf8");
const rows = new Map(
  [...page.matchAll(/^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$/gm)].map(([, name, licence, reason]) => [
    name,
    { licence, reason },
  ]),
);

test("every dependency has its licence and its reason in docs/dependencies.md, and nothing else has", (t) => {
  t.deepEqual([...rows.keys()].sort(), Object.keys(dependencies).sort());
  for (const [name, { licence, reason }] of rows) {
    t.is(licence, json(`node_modules/${name}/package.json`).license, name);
    t.true(reason.trim().length > 10, name);
  }
});

/** Licences under which a package may be used by and shipped with anything. */
const permissive = new Set([
  "MIT",
  "ISC",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "0BSD",
  "Unlicense",
  "CC0-1.0",
]);
/** What is none of these, and why it may be here all the same. */
const exceptions: readonly (readonly [name: RegExp, licence: string])[] = [
  [/^@img\/sharp-/, "LGPL-3.0-or-later"], // libvips: a library of its own, loaded and not linked in
  [/^flatbuffers$/, "SEE LICENSE IN LICENSE.txt"], // its text is Apache-2.0
];

test("every package that is installed with it has a licence that lets it be used and shipped", (t) => {
  t.true(production.length > 100);
  for (const [path, { license = "none" }] of production) {
    const terms = license.replaceAll(/[()]/g, "").split(/ (?:AND|OR) /);
    for (const term of terms)
      t.true(
        permissive.has(term) || exceptions.some(([name, licence]) => name.test(nameOf(path)) && licence === term),
        `${path}: ${license}`,
      );
  }
  t.regex(
    readFileSync("node_modules/onnxruntime-training-web/node_modules/flatbuffers/LICENSE.txt", "utf8"),
    /Apache License\s+Version 2\.0/,
  );
});

test("what has an install script is named, and works without it", (t) => {
  for (const [path, { hasInstallScript }] of production) {
    const name = nameOf(path);
    if (hasInstallScript && name !== "koffi") t.is(allowScripts[name], false, path); // koffi's builds where no binary fits
  }
});

test("every package that is fetched has a checksum", (t) => {
  for (const [path, { integrity }] of production) t.regex(integrity ?? "", /^sha512-/, path);
});

test("npm sbom lists every dependency, and what they bring, each with its licence", async (t) => {
  const { stdout } = await promisify(execFile)("npm", ["sbom", "--sbom-format", "spdx"], {
    maxBuffer: 1 << 26,
  });
  const listed = (JSON.parse(stdout).packages as { name: string; licenseDeclared: string }[]).filter(
    ({ name }) => name !== "hcsc",
  );
  const names = new Set(listed.map(({ name }) => name));
  for (const [alias, range] of Object.entries(dependencies)) {
    const name = /^npm:(.+)@/.exec(range)?.[1] ?? alias;
    t.true(names.has(name), name);
  }
  t.true(names.size > 80, `${names.size}`); // with those that they bring
  const shipped = new Set(production.map(([path]) => nameOf(path)));
  for (const { name, licenseDeclared } of listed.filter(({ name }) => shipped.has(name)))
    t.not(licenseDeclared, "NOASSERTION", name);
});
