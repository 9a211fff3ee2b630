/** The process that reads hostile files of one format, one after the other, and says of each what came of it. */
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { HcscError } from "../../../src/errors.js";
import { random } from "../../../src/random.js";
import { type Format, type FormatName, formats, laidOut } from "./formats.js";
import { mutated } from "./mutate.js";

export interface Job {
  readonly format: FormatName;
  readonly seed: number;
  /** Cases `from` ≤ i < `to`. */
  readonly from: number;
  readonly to: number;
}

export interface Verdict {
  readonly index: number;
  readonly kind: "read" | "refused" | "fault";
  /** The error, or what is wrong. */
  readonly message: string;
  readonly seconds: number;
  /** The most memory that the process has had so far, in bytes. */
  readonly memory: number;
}

process.once("message", async ({ format: name, seed, from, to }: Job) => {
  const format: Format = formats[name];
  const folder = mkdtempSync(join(tmpdir(), "hcsc-hostile-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  await laidOut(format, folder);
  const seeds = (await format.seeds()).map((content) => Buffer.from(content as string));
  const number = Object.keys(formats).indexOf(name);
  for (let index = from; index < to; index++) {
    const bytes = mutated(format.kind, seeds, random(seed, number, index));
    await writeFile(join(folder, format.file), bytes);
    const began = process.cpuUsage();
    const { kind, message } = await outcomeOf(format, folder);
    const { user, system } = process.cpuUsage(began);
    const memory = process.resourceUsage().maxRSS * 1024;
    process.send?.({ index, kind, message, seconds: (user + system) / 1e6, memory } satisfies Verdict);
  }
  process.disconnect();
  process.exit(0);
});

async function outcomeOf(format: Format, folder: string): Promise<Pick<Verdict, "kind" | "message">> {
  const file = join(folder, format.file);
  try {
    await format.read(file, folder);
    return { kind: "read", message: "" };
  } catch (error) {
    const wrong = whatIsWrong(error, format, file, folder);
    const message = error instanceof Error ? error.message : String(error);
    if (wrong === null) return { kind: "refused", message };
    return { kind: "fault", message: `${wrong}: ${error instanceof Error ? error.stack : error}` };
  }
}

/** What an error must not be; null of one that a person can act on. */
function whatIsWrong(error: unknown, { isNameless }: Format, file: string, folder: string): string | null {
  if (!(error instanceof HcscError)) return "no error of this library";
  const { message } = error;
  if (/[\n\r]/.test(message)) return "more than a line";
  if (message.length > 2000) return "longer than anyone reads";
  if (/undefined|\[object |\bNaN\b/.test(message)) return "words of no meaning";
  if (!isNameless && !message.includes(basename(file)) && !message.includes(folder) && !message.startsWith("/"))
    return "does not name the file";
  return null;
}
