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

/** Closed with the test. */
export async function openChromium(t: ExecutionContext): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: installed ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  t.teardown(() => browser.close());
  return browser;
}
