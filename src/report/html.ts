/** The HTML around a page's script: with a report's data inside, or fed by the server that it came from. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { ReportData } from "./data.js";

/** The page's script and style as text, bundled. */
export interface PageApp {
  readonly script: string;
  readonly style: string;
}

/** One file that shows the data and needs nothing else: no network, no folder beside it. */
export const reportPage = (data: ReportData, app: PageApp): string =>
  page(app, {
    title: `${data.run.name} · HCSC`,
    connect: "'none'",
    data: `<script type="application/json" id="data">${inert(data)}</script>`,
  });

/** The same page without data: it fetches `/data.json` and listens to `/events` of its own server. */
export const feedPage = (app: PageApp): string => page(app, { title: "HCSC, live", connect: "'self'", data: "" });

/** The policy of the page without data, as its server says it too. */
export const feedPolicy = ({ script }: PageApp): string => policy(embedded(script), "'self'");

interface Parts {
  readonly title: string;
  /** What the script may connect to. */
  readonly connect: string;
  readonly data: string;
}

function page(app: PageApp, { title, connect, data }: Parts): string {
  const [script, style] = [embedded(app.script), embedded(app.style)];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(script, connect)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<noscript>This page draws itself with a script, and scripts are off.</noscript>
${data}
<script>${script}</script>
</body>
</html>
`;
}

/** A script's text must not close its element early. */
const embedded = (text: string): string => text.trim().replaceAll(/<\/(script|style)/gi, "<\\/$1");

/** Nothing is loaded but pictures inside the page; the one script is named by its hash. Plot writes style elements. */
const policy = (script: string, connect: string): string =>
  [
    "default-src 'none'",
    "img-src data: blob:",
    "style-src 'unsafe-inline'",
    `script-src 'sha256-${btoa(String.fromCharCode(...sha256(new TextEncoder().encode(script))))}'`,
    `connect-src ${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

/** JSON in which no `<` can end or open an element. */
const inert = (data: ReportData): string => JSON.stringify(data).replaceAll("<", "\\u003c");

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
/** Text between tags or in a quoted attribute. */
export const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (c) => entities[c]);
