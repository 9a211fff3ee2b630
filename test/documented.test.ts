/** Every name that the package exports carries a docstring. Declarations are read as the compiler wrote them. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "ava";
import ts from "typescript";

const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
  readonly exports: Readonly<Record<string, { readonly types: string }>>;
};

const parsed = new Map<string, ts.SourceFile>();
function read(file: string): ts.SourceFile {
  const known = parsed.get(file);
  if (known) return known;
  const made = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  parsed.set(file, made);
  return made;
}

const target = (file: string, module: ts.Expression): string =>
  join(dirname(file), (module as ts.StringLiteral).text.replace(/\.js$/, ".d.ts"));

interface Found {
  readonly name: string;
  readonly declarations: readonly ts.Node[];
}

const isExported = (node: ts.Statement): boolean =>
  ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);

/** What a statement of a module declares, by name. */
function declared(node: ts.Statement): readonly (readonly [string, ts.Node])[] {
  if (ts.isVariableStatement(node))
    return node.declarationList.declarations.map((d) => [d.name.getText(), node] as const);
  const { name } = node as ts.Statement & { readonly name?: ts.Identifier };
  return name ? [[name.text, node]] : [];
}

/** What a module exports, its own and others'. */
function exported(file: string): readonly Found[] {
  const found = new Map<string, ts.Node[]>();
  const own = new Map<string, ts.Node[]>();
  const add = (to: Map<string, ts.Node[]>, name: string, nodes: readonly ts.Node[]) =>
    to.set(name, [...(to.get(name) ?? []), ...nodes]);
  for (const node of read(file).statements) for (const [name, at] of declared(node)) add(own, name, [at]);
  for (const node of read(file).statements) {
    if (ts.isExportDeclaration(node)) {
      const clause = node.exportClause;
      const there = node.moduleSpecifier ? exported(target(file, node.moduleSpecifier)) : null;
      if (!clause) for (const { name, declarations } of there ?? []) add(found, name, declarations);
      else if (ts.isNamedExports(clause))
        for (const { name, propertyName } of clause.elements) {
          const asked = (propertyName ?? name).text;
          const nodes = there ? there.find((f) => f.name === asked)?.declarations : own.get(asked);
          add(found, name.text, nodes ?? []);
        }
    } else if (isExported(node)) for (const [name, at] of declared(node)) add(found, name, [at]);
  }
  return [...found].map(([name, declarations]) => ({ name, declarations }));
}

for (const [door, { types }] of Object.entries(exports)) {
  test(`every name of hcsc${door.slice(1)} has a docstring`, (t) => {
    t.true(existsSync(types), types);
    const names = exported(types);
    t.true(names.length >= (door.startsWith("./web/") ? 1 : 6), `${names.length} names`);
    const bare = names.filter(
      ({ declarations }) => !declarations.some((d) => ts.getJSDocCommentsAndTags(d).length > 0),
    );
    t.deepEqual(
      bare.map(({ name }) => name),
      [],
    );
  });
}

test("the front door is small enough to read in a minute", (t) => {
  const names = exported(exports["."].types);
  t.true(names.length < 60, `${names.length} names`);
});
