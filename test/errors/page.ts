/** The page about errors, `docs/errors.md`: the table of codes, with what each reads like. */
import { errorClasses } from "../../src/errors.js";
import type { Raised } from "./cases.js";

const head = `# Errors

Every error of the library is of one of these classes, and carries a \`code\`, a \`subject\` (the file, field, tensor, shape and
so on that its message names), \`settings\` (what to give otherwise, or besides, to mend it) and the \`message\`. \`toJSON()\` gives all of
it as plain data. Of a command with \`--json\` it is one line on stderr, \`{"error": {…}}\`, with the \`flags\` that its settings are
given by; what is none of these has the code \`unexpected\`, and its stack.

\`npm run errors\` makes this page: the examples are of errors that were raised.
`;

/** @param raised - every error, for its example */
export function errorPage(raised: readonly Raised[]): string {
  const sections = Object.entries(errorClasses).map(([name, { exitCode, codes }]) => {
    const rows = Object.entries(codes).map(([code, meaning]) => {
      const example = raised.find((r) => r.name === name && r.code === code)?.example;
      return `| \`${code}\` | ${meaning} | ${example ? cell(example) : ""} |`;
    });
    return [
      `## ${name}`,
      "",
      `Exit code ${exitCode}.`,
      "",
      "| code | meaning | example |",
      "|---|---|---|",
      ...rows,
    ].join("\n");
  });
  return `${[head, ...sections].join("\n")}\n`.replaceAll("\n## ", "\n\n## ").replaceAll("\n\n\n", "\n\n");
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
