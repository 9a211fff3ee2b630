/** Tests in a real Chromium, headless: skipped by name where none is installed, unless HCSC_EXPECT_CHROMIUM=1 asks for it. */
import { existsSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const installed = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((f) =>
  existsSync(f),
);

export function inChromium(title: string, body: (t: ExecutionContext) => Promise<void>): void {
  if (installed || process.env.HCSC_EXPECT_CHROMIUM === "1") test.serial(title, body);
  else test.skip(`${title} (no Chromium is installed)`, body);
}

/** WebGPU on the software driver, where no other is. */
const args = ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
let browser: Promise<Browser> | null = null;

/** A page of the file's one browser; both end with their tests. It is waited for patiently: tests beside it keep the machine busy. */
export async function openPage(t: ExecutionContext, options: BrowserContextOptions = {}): Promise<Page> {
  browser ??= chromium.launch({ executablePath: installed ?? "/usr/bin/chromium", args });
  const page = await (await browser).newPage(options);
  page.setDefaultTimeout(5 * 60_000);
  t.teardown(() => page.close());
  return page;
}

test.after.always(async () => (await browser)?.close());
