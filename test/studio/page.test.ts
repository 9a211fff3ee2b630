import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import type { BrowserContextOptions, Page } from "playwright-core";
import sharp from "sharp";
import { serveSite } from "../../tools/web/serve.js";
import { buildSite, scripts } from "../../tools/web/site.js";
import { inChromium, openPage } from "../browser/chromium.js";
import { sampleReport } from "../report/sampleReport.js";

/** The page by its own scripts, or above a worker that plays a run of so many images and epochs, three in a second. */
async function served(
  t: ExecutionContext,
  options: BrowserContextOptions,
  played: number | null,
  epochs = 12,
): Promise<Page> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-site-"));
  const script = { page: scripts.page, work: "build/test/studio/scriptedWorker.js" };
  await buildSite(folder, played === null ? scripts : script);
  if (played !== null) await writeFile(join(folder, "sample.json"), JSON.stringify(await sampleReport(played, epochs)));
  await tellsOfRefusals(folder, ["page", "work"]);
  const server = await serveSite(folder, 0);
  const page = await openPage(t, { colorScheme: "light", reducedMotion: "reduce", ...options });
  page.on("pageerror", (error) => t.fail(error.message));
  page.on("console", (message) => {
    if (message.text().startsWith("refused")) t.fail(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(server.url) && !/^(blob|data):/.test(request.url())) t.fail(request.url());
  });
  t.teardown(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });
  await page.goto(server.url);
  return page;
}

/** Has the site's scripts say in the console what its policy refuses them, also where that is caught. */
async function tellsOfRefusals(folder: string, names: readonly string[]): Promise<void> {
  const tell = "({ violatedDirective, blockedURI }) => console.log(`refused:`, violatedDirective, blockedURI)";
  await writeFile(join(folder, "refusals.js"), `addEventListener("securitypolicyviolation", ${tell});`);
  for (const file of names.map((name) => join(folder, `${name}.js`)))
    await writeFile(file, `import "./refusals.js";${await readFile(file, "utf8")}`);
}

/** Roles that say nothing without a name. */
const named =
  /^(button|link|radio|checkbox|combobox|searchbox|textbox|listbox|option|progressbar|meter|img|image|application|region|navigation|Canvas|DisclosureTriangle)$/;

/** What of the page has a role that needs a name, and none, as the browser tells a screen reader. */
async function nameless(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  await session.detach();
  return nodes
    .filter(({ ignored, role, name }) => !ignored && named.test(role?.value) && !name?.value)
    .map(({ role }) => role?.value as string);
}

/** What the page's own thread does in one go, by the processor's time: other programs do not count. */
async function longestTasks(page: Page, act: () => Promise<void>): Promise<readonly number[]> {
  const browser = page.context().browser();
  if (!browser) throw new Error("the browser is gone");
  await browser.startTracing(page, {
    categories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"],
  });
  await act();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
    traceEvents: { name: string; ph: string; pid: number; tid: number; tdur?: number; args: { name?: string } }[];
  };
  const mains = new Set(
    traceEvents
      .filter((e) => e.name === "thread_name" && e.args.name === "CrRendererMain")
      .map((e) => `${e.pid} ${e.tid}`),
  );
  return traceEvents
    .filter((e) => /RunTask$/.test(e.name) && e.ph === "X" && mains.has(`${e.pid} ${e.tid}`))
    .map(({ tdur = 0 }) => tdur / 1000)
    .sort((a, b) => b - a);
}

const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

inChromium(
  "ten thousand images are scrolled through, and a run is watched, stopped and taken away, all by name",
  async (t) => {
    const page = await served(t, { viewport: { width: 1280, height: 900 } }, 10_000);
    await page.getByRole("button", { name: "Use the bundled set" }).click();
    await page.getByText("10,000 images of drawn shapes in 10 classes").waitFor();
    await page.getByText("2 files left out").click();
    t.regex(await page.locator(".skipped").innerText(), /broken\.jpg The source image could not be decoded/);

    const grid = page.getByRole("listbox", { name: "Images" });
    const options = grid.getByRole("option");
    t.true((await options.count()) < 400);
    let frames: readonly number[] = [];
    await grid.evaluate(() => {}); // what measures is compiled before it measures
    const scrolled = await longestTasks(page, async () => {
      frames = await grid.evaluate(async (element) => {
        const times: number[] = [];
        for (let i = 0; i < 40; i++) {
          element.scrollTop += 400;
          times.push(await new Promise<number>(requestAnimationFrame));
        }
        return times.slice(1).map((time, at) => time - times[at]);
      });
    });
    const median = frames.toSorted((a, b) => a - b)[Math.floor(frames.length / 2)];
    t.log(
      `scrolling: median frame ${median.toFixed(1)} ms, longest task ${scrolled[0].toFixed(0)} ms of processor time`,
    );
    t.true(scrolled[0] < 50);
    await grid.focus();
    await page.keyboard.press("End");
    await page.waitForFunction(() => document.getElementById("image-9999"));
    t.is(await grid.getAttribute("aria-activedescendant"), "image-9999");
    await page.keyboard.press("Enter");
    t.regex(await page.locator(".looked").innerText(), /dot\/9999\.png\s+Its nearest images are shown once/);

    t.deepEqual(await nameless(page), []);
    const tasks = await longestTasks(page, async () => {
      await page.getByRole("button", { name: "Train", exact: true }).click();
      await page.locator("#map canvas").waitFor();
      await page.getByText("Finished").waitFor();
    });
    t.log(
      `the longest tasks while a run of 10,000 images is shown: ${tasks
        .slice(0, 5)
        .map((ms) => ms.toFixed(0))
        .join(", ")} ms of processor time`,
    );
    t.true(tasks.length > 100 && tasks[0] < 50);
    t.regex(await page.locator(".panelled").innerText(), /loss\s+[\d.]+ chance 6\.93[\s\S]*images a second\s+313/);
    t.regex(
      await page.locator(".panelled").innerText(),
      /Runs on the processor, by WebAssembly with 2 threads\. This browser has no WebGPU\./,
    );

    await grid.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    t.is(await page.locator(".chosen .file").innerText(), "disc/0000.png");
    t.is(await grid.getByRole("option", { selected: true }).getAttribute("aria-label"), "disc/0000.png");
    t.deepEqual(await nameless(page), []);
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Encoder" }).click();
    t.is((await download).suggestedFilename(), "encoder.bin");
  },
);

inChromium(
  "at 360 pixels nothing scrolls sideways; what was opened and chosen stays when an epoch is drawn",
  async (t) => {
    const page = await served(t, { viewport: { width: 360, height: 780 }, colorScheme: "dark" }, 90, 200); // longer than the test looks
    t.is(await overflow(page), 0);
    await page.getByRole("button", { name: "Delete run-1" }).click();
    await page.getByRole("button", { name: "Delete run-1 for good" }).click();
    await page.getByText("Runs kept in this browser").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Use the bundled set" }).click();
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.locator("#retrieval .query button").first().click();
    await page.locator("#tree summary").first().click();
    await page.getByText("Pause").click();
    const chosen = await page.locator(".chosen .file").innerText();
    t.is(await overflow(page), 0);
    const drawn = await page.locator("#tree").elementHandle();
    await page.getByRole("button", { name: "Go on" }).click();
    await page.waitForFunction((before) => !before?.isConnected, drawn);
    await page.locator("#tree .inside").first().waitFor();
    await page.locator(".chosen .file").waitFor();
    t.is(await page.locator(".chosen .file").innerText(), chosen);
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("Stopped. What was learned is kept").waitFor();
    t.deepEqual(await nameless(page), []);
  },
);

inChromium(
  "a folder is dropped, trained on, stopped, and gone on with after a reload; the run's zip is opened with its images",
  async (t) => {
    const page = await served(t, { viewport: { width: 1000, height: 800 } }, null);
    const folder = await drawnFolder(t);
    await drop(page, folder);
    await page.getByText(allImages).waitFor();
    await page.getByText("1 file left out").click();
    t.regex(await page.locator(".skipped").innerText(), /broken\.png/);
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.locator(".figures", { hasText: "images a second" }).waitFor();
    await drop(page, folder);
    await page.getByText("What is under way comes first").waitFor();
    await stop(page);

    await page.reload();
    await page
      .getByRole("button", { name: /^Open / })
      .first()
      .click();
    await page.getByText(stopped).waitFor();
    await page.getByRole("button", { name: "Go on" }).click();
    await page.locator(".figures", { hasText: "images a second" }).waitFor();
    await stop(page);
    t.true((await readFile(await saved(page, "Encoder"))).length > 10_000);

    await dropMade(page, "run.zip", "no zip");
    await page.getByText("run.zip is damaged, or no zip").waitFor();
    await page.getByText(stopped).waitFor();
    t.true(await page.getByText(allImages).isVisible(), "what was open stays where other things cannot be opened");

    await page.locator("input[accept]").setInputFiles(await saved(page, "The run"));
    await page.getByText("A run without its images").waitFor();
    t.true(await page.getByText(allImages).isHidden());
    await page.locator("input[webkitdirectory]").setInputFiles(folder);
    await page.getByText(allImages).waitFor();
    await page.getByText(stopped).waitFor();
  },
);

const allImages = /^120 images of .* in 2 classes$/;
const stopped = "Stopped. What was learned is kept";

async function stop(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText(stopped).waitFor();
}

/** Drops files and folders of the disk in the middle of the page, as the system does. */
async function drop(page: Page, ...files: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [...files], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await session.send("Input.dispatchDragEvent", { type, x: 400, y: 400, data });
  await session.detach();
}

/** Drops a file that comes from no disk. */
const dropMade = (page: Page, name: string, content: string): Promise<unknown> =>
  page.evaluate(
    ([name, content]) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([content], name));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
    },
    [name, content],
  );

/** What a button gives to take away, under its name. */
async function saved(page: Page, button: string): Promise<string> {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: button, exact: true }).click();
  const given = await download;
  const path = join(dirname(await given.path()), given.suggestedFilename());
  await given.saveAs(path);
  return path;
}

/** A folder of two classes of small pictures, and a file that is none. */
async function drawnFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-drawn-"));
  t.teardown(() => rm(folder, { recursive: true }));
  for (const [kind, shape] of Object.entries({
    disc: '<circle cx="16" cy="16" r="10"',
    bar: '<rect x="4" y="12" width="24" height="8"',
  })) {
    await mkdir(join(folder, kind));
    for (let i = 0; i < 60; i++) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32">${shape} fill="hsl(${6 * i} 70% 50%)"/></svg>`;
      await sharp(Buffer.from(svg))
        .png()
        .toFile(join(folder, kind, `${i}.png`));
    }
  }
  await writeFile(join(folder, "bar", "broken.png"), "no picture");
  return folder;
}

test("the site's code is small, and its policy lets nothing out", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-site-"));
  t.teardown(() => rm(folder, { recursive: true }));
  const { outputs } = await buildSite(folder);
  const own = Object.entries(outputs).filter(
    ([, { inputs }]) => !Object.keys(inputs).some((file) => file.includes("/onnxruntime-web/")),
  );
  const sizes = await Promise.all(own.map(async ([file]) => brotliCompressSync(await readFile(file)).length));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  t.log(`${(total / 1000).toFixed(1)} KB by brotli besides ONNX Runtime's own`);
  t.true(total < 300_000);
  t.regex(
    await readFile(join(folder, "index.html"), "utf8"),
    /default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'/,
  );
});
