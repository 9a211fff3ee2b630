// @ts-check
/** Trains on images that are in no file, and prints the hierarchy that was found: node examples/images-from-memory.mjs */
import { openLearner } from "hcsc";

/** Discs of three colours before noise, one after the other; they may as well come from a camera or a data base. */
async function* discs(count = 96, side = 24) {
  const colours = { red: [220, 40, 40], green: [40, 200, 60], blue: [50, 60, 230] };
  for (let n = 0; n < count; n++) {
    const [label, colour] = Object.entries(colours)[n % 3];
    const [x, y, radius] = [8 + 8 * Math.random(), 8 + 8 * Math.random(), 4 + 3 * Math.random()];
    const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
      const pixel = Math.floor(i / 3);
      const inside = Math.hypot((pixel % side) - x, Math.floor(pixel / side) - y) < radius;
      return inside ? colour[i % 3] : 90 + 60 * Math.random();
    });
    yield { image: { width: side, height: side, channels: 3, data }, name: `${label} ${n}`, label };
  }
}

const learner = await openLearner({
  images: discs(),
  recipe: {
    name: "discs",
    encoder: { backbone: "resnet8", imageSize: 24 },
    method: { queue: 64, clusters: [6, 3], warmupEpochs: 3, minimumClusterSize: 3, keyMomentum: 0.9 },
    optimizer: { kind: "adamw", learningRate: 0.01 },
    views: {
      jitter: { brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0, probability: 0.8 },
      grayscaleProbability: 0,
    },
    epochs: 8,
    batchSize: 32,
  },
});
await learner.train({
  report: (event) =>
    event.kind === "epoch" && console.log(`epoch ${event.metric.epoch + 1}: loss ${event.metric.loss.toFixed(3)}`),
});
const { names, clusters } = await learner.hierarchy();
const top = clusters.length - 1;
for (const cluster of new Set(clusters[top])) {
  const members = names.filter((_, i) => clusters[top][i] === cluster);
  console.log(`cluster ${cluster}: ${members.length} images, ${members.slice(0, 5).join(", ")}, …`);
}
await learner.close();
