/** The page of a report. */
import type { ReportData } from "./data.js";

const page = (body: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>hcsc</title><body>${body}</body></html>`;

/** One file that needs no network. */
export async function reportHtml(data: ReportData): Promise<string> {
  return page(`<script type="application/json" id="data">${JSON.stringify(data).replaceAll("<", "\\u003c")}</script>`);
}

/** The page of `hcsc watch`. */
export async function livePage(): Promise<string> {
  return page("<p>live</p>");
}
