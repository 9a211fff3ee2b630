/** `npm run errors`: raises every error and writes `docs/errors.md`. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { raiseAll } from "../test/errors/cases.js";
import { errorPage } from "../test/errors/page.js";

const folder = await mkdtemp(join(tmpdir(), "hcsc-errors-"));
await writeFile("docs/errors.md", errorPage(await raiseAll(folder)));
await rm(folder, { recursive: true });
