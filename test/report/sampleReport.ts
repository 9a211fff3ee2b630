/** A report of drawn images: ten kinds of shapes in as many places of the map, and prototypes over them. */
import sharp from "sharp";
import { normal, random } from "../../src/random.js";
import type { Curves, ReportData, ReportImages, Sheets, Tree } from "../../src/report/index.js";

export const classes = ["disc", "ring", "square", "frame", "bar", "post", "cross", "plus", "wedge", "dot"];
const tile = 32;
const columns = 25;
const rows = 20;
const each = 12;
const queue = 1024;

/** Each kind within a tile of 32. */
const shapes: readonly ((fill: string) => string)[] = [
  (c) => `<circle cx="16" cy="16" r="11" fill="${c}"/>`,
  (c) => `<circle cx="16" cy="16" r="9" fill="none" stroke="${c}" stroke-width="4"/>`,
  (c) => `<rect x="6" y="6" width="20" height="20" fill="${c}"/>`,
  (c) => `<rect x="7" y="7" width="18" height="18" fill="none" stroke="${c}" stroke-width="4"/>`,
  (c) => `<rect x="3" y="12" width="26" height="8" fill="${c}"/>`,
  (c) => `<rect x="12" y="3" width="8" height="26" fill="${c}"/>`,
  (c) => `<path d="M6 6 26 26M26 6 6 26" stroke="${c}" stroke-width="5"/>`,
  (c) => `<path d="M16 4V28M4 16H28" stroke="${c}" stroke-width="5"/>`,
  (c) => `<path d="M16 4 29 27H3Z" fill="${c}"/>`,
  (c) => `<circle cx="16" cy="16" r="5" fill="${c}"/>`,
];

/** `images` images with names `disc/0000.png` and so on; the same for the same arguments. */
export async function sampleReport(images = 300, epochs = 12): Promise<ReportData> {
  const drawn = await sampleImages(images);
  return {
    run: {
      name: "shapes-demo",
      data: "drawn/shapes",
      images,
      started: "2026-11-25T04:00:00Z",
      epoch: epochs,
      step: epochs * 25,
      epochs: 20,
      provider: "webgpu, first runs compared with the CPU's",
      chanceLoss: Math.log(1 + queue),
      recipe: [
        ["name", "shapes"],
        ["encoder.backbone", "resnet8"],
        ["encoder.dimension", "128"],
        ["method.temperature", "0.07"],
        ["method.clusters", "[30, 10, 3]"],
        ["method.queue", String(queue)],
        ["optimizer.kind", "adamw"],
        ["optimizer.learningRate", "0.008"],
        ["schedule.kind", "cosine"],
        ["views.scale", "[0.5, 1]"],
      ],
      versions: { hcsc: "0.1.0", node: "20.20.0", "onnxruntime-node": "1.30.0" },
    },
    curves: sampleCurves(epochs),
    images: drawn,
    tree: sampleTree(drawn),
    confusion: {
      k: 20,
      top1: 88.2,
      counts: classes.map((_, i) => classes.map((_, j) => (i === j ? 50 : (i * j) % 4))),
    },
  };
}

/** 25 steps an epoch, falling from chance. */
export function sampleCurves(epochs: number): Curves {
  const next = random(1);
  const level = (step: number): number => Math.exp(-step / 90);
  const steps = Array.from({ length: epochs * 25 }, (_, i) => {
    const epoch = Math.floor(i / 25);
    const warm = epoch < 2 ? {} : { instanceKept: kept(i, 0.97), prototypeKept: kept(i, 0.99) };
    const loss = 1 + 6 * level(i) + 0.25 * normal(next);
    const rate = 0.008 * Math.min(1, i / 50) * (0.5 + 0.5 * Math.cos((Math.PI * i) / 500));
    const rest = { terms: [loss], learningRate: rate, gradientNorm: 4, meanEmbeddingNorm: 0.2 };
    return { kind: "step", step: i + 1, epoch, loss, ...rest, ...warm } as const;
  });
  const epochMetrics = Array.from({ length: epochs }, (_, epoch) => ({
    kind: "epoch" as const,
    step: (epoch + 1) * 25,
    epoch,
    loss: 1 + 6 * level(epoch * 25),
    chanceLoss: Math.log(1 + queue),
    seconds: 20 + 2 * next(),
    clusterSeconds: epoch < 2 ? 0 : 4,
    imagesPerSecond: 280 + 20 * next(),
    waitingShare: 0.04,
    onlineKnn: 86 - 40 * level(epoch * 25),
    brokenImages: 0,
  }));
  return { steps, epochs: epochMetrics };
}

const kept = (step: number, most: number): readonly number[] =>
  [0, 1, 2].map((level) => most - 0.02 * level - 0.3 * Math.exp(-step / 80));

async function sampleImages(n: number): Promise<ReportImages> {
  const next = random(2);
  const labels = Array.from({ length: n }, (_, i) => i % classes.length);
  // Finest clusters are thirds of a class; the next are classes; the coarsest are of three or four classes.
  const fine = labels.map((label) => 3 * label + Math.floor(3 * next()));
  const points = fine.map((cluster) => {
    const [angle, turn] = [(2 * Math.PI * Math.floor(cluster / 3)) / 10, (2 * Math.PI * (cluster % 3)) / 3];
    const at = (f: (a: number) => number): number =>
      0.5 + 0.36 * f(angle) + 0.045 * f(turn) + 0.022 * Math.max(-2.5, Math.min(2.5, normal(next)));
    return [at(Math.cos), at(Math.sin)] as const;
  });
  const colours = labels.map(() => `hsl(${Math.floor(360 * next())} 55% ${45 + Math.floor(30 * next())}%)`);
  const near = points.map((_, i) => nearest(points, i));
  return {
    names: labels.map((label, i) => `${classes[label]}/${String(i).padStart(4, "0")}.png`),
    labels,
    classes,
    clusters: [fine, labels, labels.map((label) => Math.min(2, Math.floor(label / 3)))],
    map: points.flat(),
    neighbours: {
      each,
      ids: near.flatMap((ids) => ids.map(({ id }) => id)),
      cosines: near.flatMap((ids) => ids.map(({ distance }) => 1 - distance)),
    },
    sheets: await sheets(labels.map((label, i) => shapes[label](colours[i]))),
  };
}

/** The nearest on the map among a window of images, so that ten thousand take no time. */
function nearest(
  points: readonly (readonly [number, number])[],
  i: number,
): readonly { id: number; distance: number }[] {
  const most = Math.min(points.length, 400);
  return Array.from({ length: most - 1 }, (_, j) => (i + 1 + j) % points.length)
    .map((id) => ({ id, distance: Math.hypot(points[id][0] - points[i][0], points[id][1] - points[i][1]) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, each);
}

async function sheets(pictures: readonly string[]): Promise<Sheets> {
  const a = columns * rows;
  const urls = Array.from({ length: Math.ceil(pictures.length / a) }, async (_, s) => {
    const on = pictures.slice(s * a, (s + 1) * a);
    const placed = on.map(
      (svg, i) => `<g transform="translate(${(i % columns) * tile} ${Math.floor(i / columns) * tile})">${svg}</g>`,
    );
    const height = Math.ceil(on.length / columns) * tile;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${columns * tile}" height="${height}"><rect width="100%" height="100%" fill="#222"/>${placed.join("")}</svg>`;
    const webp = await sharp(Buffer.from(svg)).webp({ quality: 80 }).toBuffer();
    return `data:image/webp;base64,${webp.toString("base64")}`;
  });
  return { tile, columns, rows, urls: await Promise.all(urls) };
}

function sampleTree({ clusters, labels }: ReportImages): Tree {
  const parents = [(id: number) => Math.floor(id / 3), (id: number) => Math.min(2, Math.floor(id / 3)), () => null];
  const levels = clusters.map((of, level) =>
    Array.from({ length: 1 + Math.max(...of) }, (_, id) => {
      const members = of.flatMap((cluster, image) => (cluster === id ? [image] : []));
      return {
        parent: parents[level](id),
        size: members.length,
        temperature: 0.05 + 0.002 * ((id * 7) % 11),
        nearest: members.slice(0, 12),
        mix: classes.map((_, label) => members.filter((image) => labels?.[image] === label).length),
      };
    }),
  );
  return { kind: "levels", levels };
}
