/**
 * Hue shift through Pillow's 8-bit HSV. The forward conversion needs only which channels are largest and smallest and two
 * differences, so hue and saturation come from tables (made at the first use); the way back is arithmetic, table by hue.
 */

/** Hue by `sector << 16 | (max - min) << 8 | (max - middle)`; sectors by (largest, smallest) as `sectorOf` numbers them. */
let hues: Uint8Array | null = null;
/** S / 255 by `max << 8 | (max - min)`, S = trunc(255 · (max - min) / max). */
let saturations: Float64Array | null = null;

const shiftedSector = new Uint8Array(256);
const shiftedFraction = new Float64Array(256);

/** Turns the hue of an RGB image by `factor` of the circle, in place. */
export function hue(data: Uint8Array, pixels: number, factor: number): void {
  hues ??= hueTable();
  saturations ??= saturationTable();
  const shift = Math.trunc(255 * factor);
  for (let h = 0; h < 256; h++) {
    const x = (((h + shift) & 255) * 6) / 255;
    shiftedSector[h] = Math.floor(x) % 6;
    shiftedFraction[h] = x - Math.floor(x);
  }
  turn(data, pixels, hues, saturations);
}

function turn(data: Uint8Array, pixels: number, hueOf: Uint8Array, saturationOf: Float64Array): void {
  for (let at = 0, end = 3 * pixels; at < end; at += 3) {
    const r = data[at];
    const g = data[at + 1];
    const b = data[at + 2];
    // Largest and smallest; ties for the largest go to red, then green.
    let v = r;
    let least = r;
    let sector = 0;
    if (r >= g && r >= b) {
      if (g < b) least = g;
      else {
        least = b;
        sector = 1;
      }
    } else if (g >= b) {
      v = g;
      if (r < b) sector = 2;
      else {
        least = b;
        sector = 3;
      }
    } else {
      v = b;
      if (r < g) sector = 4;
      else {
        least = g;
        sector = 5;
      }
    }
    const range = v - least;
    if (range === 0) continue; // a grey
    const s = saturationOf[(v << 8) | range];
    if (s === 0) {
      data[at] = data[at + 1] = data[at + 2] = v;
      continue;
    }
    const middle = r + g + b - v - least;
    const h = hueOf[(sector << 16) | (range << 8) | (v - middle)];
    const f = shiftedFraction[h];
    const p = (v * (1 - s) + 0.5) | 0;
    switch (shiftedSector[h]) {
      case 0:
        data[at] = v;
        data[at + 1] = (v * (1 - s * (1 - f)) + 0.5) | 0;
        data[at + 2] = p;
        break;
      case 1:
        data[at] = (v * (1 - s * f) + 0.5) | 0;
        data[at + 1] = v;
        data[at + 2] = p;
        break;
      case 2:
        data[at] = p;
        data[at + 1] = v;
        data[at + 2] = (v * (1 - s * (1 - f)) + 0.5) | 0;
        break;
      case 3:
        data[at] = p;
        data[at + 1] = (v * (1 - s * f) + 0.5) | 0;
        data[at + 2] = v;
        break;
      case 4:
        data[at] = (v * (1 - s * (1 - f)) + 0.5) | 0;
        data[at + 1] = p;
        data[at + 2] = v;
        break;
      default:
        data[at] = v;
        data[at + 1] = p;
        data[at + 2] = (v * (1 - s * f) + 0.5) | 0;
    }
  }
}

/**
 * With ratio = (max - middle) / (max - min) in float32, Pillow's bc - gc, 2 + rc - bc and 4 + gc - rc have 0 for the largest
 * channel, 1 for the smallest and the ratio for the other.
 */
function hueTable(): Uint8Array {
  const table = new Uint8Array(6 << 16);
  for (let range = 1; range < 256; range++) {
    for (let below = 0; below <= range; below++) {
      const ratio = Math.fround(below / range);
      const angles = [ratio - 1, 1 - ratio, 2 + 1 - ratio, 2 + ratio - 1, 4 + ratio - 1, 4 + 1 - ratio];
      for (const [sector, angle] of angles.entries()) {
        const turns = Math.fround((Math.fround(angle) / 6 + 1) % 1);
        table[(sector << 16) | (range << 8) | below] = Math.trunc(255 * turns);
      }
    }
  }
  return table;
}

function saturationTable(): Float64Array {
  const table = new Float64Array(65536);
  for (let largest = 1; largest < 256; largest++) {
    for (let range = 0; range <= largest; range++) {
      table[(largest << 8) | range] = Math.trunc(255 * Math.fround(range / largest)) / 255;
    }
  }
  return table;
}
