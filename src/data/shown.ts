/** Pictures as people see them. */
import type { Picture } from "./source.js";

/** What people see of a picture: grey or colours as they are; of other channels the first three as red, green and blue, or the first. */
export function shownChannels({ width, height, channels, data }: Picture): Picture & { readonly channels: 1 | 3 } {
  if (channels === 1 || channels === 3) return { width, height, channels, data };
  const shown = channels === 2 ? 1 : 3;
  const pixels = new Uint8Array(width * height * shown);
  for (let i = 0; i < pixels.length; i++) pixels[i] = data[Math.floor(i / shown) * channels + (i % shown)];
  return { width, height, channels: shown, data: pixels };
}
