/** Groups of images that are nearly the same, as one HTML file to look at: no script, no network. */
import type { ImageSource } from "../data/index.js";
import type { AlikeImages } from "../encoder/index.js";
import { escaped } from "../report/index.js";
import { tileOf } from "./sheets.js";

/** Groups, and images of each, that are shown; of more a page grows too large. */
const [mostGroups, mostOfGroup, side] = [500, 12, 96];

/** @param progress - called with the number of groups done */
export async function groupsPage(
  source: ImageSource,
  groups: readonly AlikeImages[],
  progress: (done: number, total: number) => void,
): Promise<string> {
  const { default: sharp } = await import("sharp");
  const shown = groups.slice(0, mostGroups);
  const sections: string[] = [];
  for (const [done, { images, cosine }] of shown.entries()) {
    const figures: string[] = [];
    for (const i of images.slice(0, mostOfGroup)) {
      const raw = { width: side, height: side, channels: 3 } as const;
      const webp = await sharp(await tileOf(await source.read(i), side), { raw })
        .webp({ quality: 80 })
        .toBuffer();
      const name = escaped(source.name(i));
      figures.push(
        `<figure><img alt="${name}" width="${side}" height="${side}" src="data:image/webp;base64,${webp.toString("base64")}"><figcaption>${name}</figcaption></figure>`,
      );
    }
    const more = images.length > mostOfGroup ? ` and ${images.length - mostOfGroup} more` : "";
    sections.push(`<section><h2>${cosine.toFixed(4)}</h2>${figures.join("")}<p>${more}</p></section>`);
    progress(done + 1, shown.length);
  }
  const rest =
    groups.length > mostGroups ? `<p>The ${groups.length - mostGroups} groups less alike are not shown.</p>` : "";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Images that are nearly the same</title>
<style>
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; }
section { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: start; border-top: 1px solid #8884; padding: 0.75rem 0; }
h2 { font-size: 1rem; width: 4rem; margin: 0; }
figure { margin: 0; width: 8rem; }
figcaption { font-size: 0.75rem; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>Images that are nearly the same: ${groups.length === 1 ? "1 group" : `${groups.length} groups`}</h1>
${sections.join("\n")}
${rest}
</body>
</html>
`;
}
