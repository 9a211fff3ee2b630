import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ExecutionContext } from "ava";
import type { Page } from "playwright-core";
import { reportHtml } from "../../src/publish/index.js";
import type { ReportData } from "../../src/report/index.js";
import { inChromium, openPage } from "../browser/chromium.js";
import { sampleReport } from "../report/sampleReport.js";

interface Opened {
  readonly page: Page;
  /** Errors and warnings of the page, and requests that left it. */
  readonly complaints: readonly string[];
}

/** The report as a file, opened from disk. */
async function open(t: ExecutionContext, data: ReportData, width = 1280): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-page-"));
  t.teardown(() => rm(folder, { recursive: true }));
  const file = join(folder, "report.html");
  await writeFile(file, await reportHtml(data));
  const page = await openPage(t, {
    viewport: { width, height: 900 },
    colorScheme: "light",
    reducedMotion: "reduce",
  });
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().endsWith("/report.html")) complaints.push(request.url());
  });
  await page.goto(pathToFileURL(file).href);
  return { page, complaints };
}

/** Moves the mouse to where an image is on the map, which fills 92 % of its frame one way. */
async function pointAt(page: Page, data: ReportData, id: number): Promise<{ x: number; y: number }> {
  const canvas = page.locator("#map canvas");
  await canvas.evaluate((element) => element.scrollIntoView({ block: "center" }));
  const box = await canvas.boundingBox();
  if (!box || !data.images) throw new Error("there is no map");
  const { map } = data.images;
  const [xs, ys] = [0, 1].map((axis) => map.filter((_, i) => i % 2 === axis));
  const range = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
  const middle = (values: readonly number[]): number => (Math.max(...values) + Math.min(...values)) / 2;
  const scale = 0.92 * Math.min(box.width / range(xs), box.height / range(ys));
  const x = box.x + box.width / 2 + (xs[id] - middle(xs)) * scale;
  const y = box.y + box.height / 2 + (ys[id] - middle(ys)) * scale;
  await page.mouse.move(x, y);
  return { x, y };
}

inChromium("a report opens from disk, shows every section, and asks for nothing", async (t) => {
  const { page, complaints } = await open(t, await sampleReport());
  t.is(await page.title(), "shapes-demo · HCSC");
  const sections = await page.locator("main section h2").allTextContents();
  t.deepEqual(sections, [
    "Training curves",
    "Prototype tree",
    "Map of the images",
    "Retrieval",
    "Confusion matrix",
    "Recipe and environment",
  ]);
  t.regex(await page.locator(".masthead").innerText(), /epoch 12 of 20[\s\S]*chance 6\.93/);
  t.is(await page.locator("#curves figure svg[class*=plot]").count(), 6);
  t.is(await page.locator("#confusion tbody tr").count(), 10);
  t.regex(await page.locator("#recipe").innerText(), /backbone\s+resnet8/);
  t.is(await page.locator("#retrieval .query").count(), 6);
  t.deepEqual(complaints, []);
});

inChromium("the prototype tree is opened by keyboard, and made as it is opened", async (t) => {
  const { page, complaints } = await open(t, await sampleReport());
  const rows = page.locator("#tree summary");
  t.is(await rows.count(), 3);
  await rows.first().focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelectorAll("#tree summary").length > 3);
  // The largest is the third: four classes of ten.
  t.is(await rows.count(), 3 + 4);
  t.regex(await rows.nth(1).innerText(), /30 images[\s\S]*100 %/);
  await rows.nth(1).focus();
  await page.keyboard.press("Space");
  await page.waitForFunction(() => document.querySelectorAll("#tree summary").length > 7);
  t.is(await rows.count(), 3 + 4 + 3);
  await page.getByRole("button", { name: "Show 30 on the map" }).click();
  t.regex(await page.locator(".results").innerText(), /30 images for level 2, cluster 6/);
  t.deepEqual(complaints, []);
});

inChromium("on the map, hover names an image and a click shows its neighbours", async (t) => {
  const data = await sampleReport();
  const { page, complaints } = await open(t, data);
  const id = 123;
  const at = await pointAt(page, data, id);
  await page.locator(".hint").waitFor();
  t.regex(await page.locator(".hint").innerText(), /frame\/0123\.png, frame/);
  await page.mouse.click(at.x, at.y);
  t.is(await page.locator(".chosen .file").innerText(), "frame/0123.png");
  const cosines = await page.locator(".chosen .cosine").allTextContents();
  const told = Array.from(data.images?.neighbours.cosines ?? []).slice(12 * id, 12 * (id + 1));
  t.deepEqual(
    cosines,
    told.map((cosine) => cosine.toFixed(3)),
  );
  const nearest = page.locator(".chosen .strip button").first();
  const name = await nearest.getAttribute("aria-label");
  await nearest.click();
  t.is(await page.locator(".chosen .file").innerText(), (name ?? "").split(", ")[0]);
  t.deepEqual(complaints, []);
});

inChromium(
  "ticks of steps and epochs are whole, also of a run of three epochs; the map is coloured by any level of labels",
  async (t) => {
    const sample = await sampleReport(40, 3);
    const images = sample.images as NonNullable<typeof sample.images>;
    const labels = images.labels as readonly number[];
    const coarser = [
      { labels: labels.map((label) => (label < 4 ? 0 : 1)), classes: ["things/round or square", "things/other"] },
    ];
    const nested = images.classes?.map((name) => `things/of a longer kind/${name}`) ?? null;
    const { page, complaints } = await open(t, { ...sample, images: { ...images, classes: nested, coarser } });
    const axes = page.locator("#curves g[aria-label='x-axis tick label']");
    t.is(await axes.count(), 6);
    for (const axis of await axes.all()) {
      const ticks = (await axis.locator("text").allTextContents()).filter((text) => text !== "");
      t.true(ticks.length >= 2 && new Set(ticks).size === ticks.length, ticks.join(" "));
      for (const tick of ticks) t.regex(tick, /^\d+$/);
    }
    const choices = page.getByLabel("Colour by");
    t.deepEqual(await choices.locator("option").allTextContents(), [
      "label",
      "label, level 2 (2 classes)",
      "level 3 (3 clusters)",
      "level 2 (10 clusters)",
      "level 1 (30 clusters)",
    ]);
    t.true((await page.locator("#map .legend").innerText()).includes("…/of a longer kind/disc"));
    await choices.selectOption({ label: "label, level 2 (2 classes)" });
    t.regex(await page.locator("#map .legend").innerText(), /^things\/round or square\s+things\/other$/);
    t.deepEqual(complaints, []);
  },
);

inChromium("the map is used by keyboard alone", async (t) => {
  const { page, complaints } = await open(t, await sampleReport());
  const canvas = page.locator("#map canvas");
  await canvas.focus();
  for (const key of ["ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft", "+", "-"])
    await page.keyboard.press(key);
  const spoken = await page.locator(".mapFrame [aria-live]").textContent();
  t.regex(spoken ?? "", /\.png, /);
  await page.keyboard.press("Enter");
  t.is(await page.locator(".chosen .file").innerText(), (spoken ?? "").split(", ")[0]);
  await page.keyboard.press("Escape");
  t.is(await page.locator(".chosen .file").count(), 0);
  t.deepEqual(complaints, []);
});

inChromium("search finds by name, class and cluster", async (t) => {
  const { page } = await open(t, await sampleReport());
  const hits = async (query: string): Promise<string> => {
    await page.getByLabel("Find").fill(query);
    return page.locator(".results p span").innerText();
  };
  t.is(await hits("0042"), "1 image for “0042”");
  t.is(await hits("RING"), "30 images for “RING”");
  t.is(await hits("cluster 2 level 3"), "120 images for level 3, cluster 2, the first 48 here");
  t.is(await hits("no such image"), "0 images for “no such image”");
  await page.getByLabel("Find").fill("0042");
  await page.locator(".results .strip button").click();
  t.is(await page.locator(".chosen .file").innerText(), "square/0042.png");
  await page.getByRole("button", { name: "Clear" }).click();
  t.is(await page.getByLabel("Find").inputValue(), "");
});

inChromium("the theme changes at a press and is remembered", async (t) => {
  const { page } = await open(t, await sampleReport(40));
  const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: "Use dark colours" }).click();
  const dark = await ground();
  t.not(dark, light);
  await page.reload();
  t.is(await ground(), dark);
});

inChromium("at 360 pixels nothing makes the page scroll sideways, with all of the tree open", async (t) => {
  const { page } = await open(t, await sampleReport(), 360);
  for (let i = 0; i < 2; i++)
    await page.evaluate(() => {
      for (const details of document.querySelectorAll("details")) details.open = true;
      return new Promise(requestAnimationFrame);
    });
  await page.locator("#retrieval .query button").first().click();
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  t.is(overflow, 0);
});

inChromium("without labels, tree and images the page says why and how to get them", async (t) => {
  const sample = await sampleReport(20);
  const { page, complaints } = await open(t, {
    ...sample,
    images: null,
    tree: { kind: "none", why: "The run is still in warm-up." },
    confusion: null,
  });
  const text = await page.locator("main").innerText();
  for (const part of ["The run is still in warm-up.", "hcsc report", "It needs images with labels."])
    t.true(text.includes(part), part);
  t.deepEqual(complaints, []);
});

inChromium("ten thousand images pan smoothly", async (t) => {
  const data = await sampleReport(10_000);
  const { page, complaints } = await open(t, data);
  const { x, y } = await pointAt(page, data, 0);
  await page.evaluate(() => {
    const times: number[] = [];
    const tick = (now: number): void => {
      times.push(now);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    Object.assign(window, { times });
  });
  await page.mouse.down();
  for (let i = 1; i <= 60; i++) await page.mouse.move(x - 3 * i, y + i);
  const times = await page.evaluate(() => (window as unknown as { times: number[] }).times);
  await page.mouse.up();
  const frames = times
    .slice(1)
    .map((time, i) => time - times[i])
    .sort((a, b) => a - b);
  const median = frames[Math.floor(frames.length / 2)];
  t.log(`median of ${frames.length} frames: ${median.toFixed(1)} ms`);
  t.true(frames.length > 10 && median < 50);
  t.deepEqual(complaints, []);
});
