/** Pages with the app that esbuild bundled beside this file. */
import { readFile } from "node:fs/promises";
import { feedPage, feedPolicy, type PageApp, type ReportData, reportPage } from "../report/index.js";

/** A report as one HTML file: see `reportPage`. */
export const reportHtml = async (data: ReportData): Promise<string> => reportPage(data, await app());

/** The page that its server feeds. */
export const livePage = async (): Promise<string> => feedPage(await app());

/** The live page's policy, as its server says it too. */
export const livePolicy = async (): Promise<string> => feedPolicy(await app());

async function app(): Promise<PageApp> {
  const [script, style] = await Promise.all(["page.js", "page.css"].map(bundled));
  return { script, style };
}

const bundled = (file: string): Promise<string> => readFile(new URL(file, import.meta.url), "utf8");
