/** Tests in a real Chromium, headless: skipped by name where none is installed, unless HCSC_EXPECT_CHROMIUM=1 asks for it. */
import { existsSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { type Browser, chromium } from "playwright-core";

const installed = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((f) =>
  existsSync(f),
);

export function inChromium(title: string, body: (t: ExecutionContext) => Promise<void>): void {
  if (installed || process.env.HCSC_EXPECT_CHROMIUM === "1") test.serial(title, body);
  else test.skip(`${title} (no Chromium is installed)`, body);
}

let browser: Promise<Browser> | null = null;

/** One for all tests of a file, closed after them. */
export function openChromium(): Promise<Browser> {
  browser ??= chromium.launch({ executablePath: installed ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  return browser;
}

test.after.always(async () => (await browser)?.close());
