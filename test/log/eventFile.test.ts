/** Event files byte for byte as TensorBoard's own writer makes them (test/fixtures/README.md), and what a run writes. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import protobuf from "protobufjs";
import sharp from "sharp";
import { crc32c } from "../../src/log/crc32c.js";
import { eventRecord } from "../../src/log/eventRecord.js";
import { histogramsOf } from "../../src/log/histograms.js";
import { metricsCsv, openEventLog } from "../../src/log/index.js";
import { scalarsOf } from "../../src/log/scalars.js";
import { hcsc, images, temporary, withRecipe } from "../commands/cli.js";

test("the check value of CRC-32C", (t) => {
  t.is(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
});

test("records are those of TensorBoard's writer", async (t) => {
  const records = [
    eventRecord({ time: 1700000000.25, step: 0, what: "version" }),
    eventRecord({ time: 1700000000.5, step: 300, what: "start" }),
    eventRecord({
      time: 1700000001.5,
      step: 301,
      what: [
        ["step/loss", 0],
        ["step/learningRate", 0.03],
      ],
    }),
    eventRecord({ time: 1700000002, step: 2 ** 33, what: [["epoch/größe", -1.5]] }),
  ];
  t.deepEqual(Buffer.concat(records), await readFile("test/fixtures/log/events.tfevents"));
});

const step = { kind: "step", step: 7, epoch: 1, loss: 2.5, terms: [1, 1.5], gradientNorm: Number.NaN } as const;

test("every finite number of a metric has a name", (t) => {
  t.deepEqual(scalarsOf(step), [
    ["step/epoch", 1],
    ["step/loss", 2.5],
    ["step/terms/0", 1],
    ["step/terms/1", 1.5],
  ]);
});

test("a resumed run has what was written after its step forgotten", async (t) => {
  const folder = join(await temporary(), "log");
  const log = await openEventLog(folder, () => 1700000000.25);
  const metric = {
    kind: "step",
    step: 4,
    epoch: 0,
    loss: 2,
    terms: [],
    learningRate: 1,
    gradientNorm: 1,
    meanEmbeddingNorm: 0,
  } as const;
  const start = { run: "", images: 1, stepsPerEpoch: 1, epochs: 1, provider: "cpu", parameters: 1 };
  log.report({ kind: "start", ...start, resumedAt: 3 });
  log.report({ kind: "step", metric, imagesPerSecond: 9, waitingShare: 0, remainingSeconds: 1 });
  log.close();
  const [name] = await readdir(folder);
  t.regex(name, /^events\.out\.tfevents\.1700000000\./);
  const at = { time: 1700000000.25 };
  const expected = [
    eventRecord({ ...at, step: 0, what: "version" }),
    eventRecord({ ...at, step: 4, what: "start" }),
    eventRecord({
      ...at,
      step: 4,
      what: [
        ["step/epoch", 0],
        ["step/loss", 2],
        ["step/learningRate", 1],
        ["step/gradientNorm", 1],
        ["step/meanEmbeddingNorm", 0],
        ["step/imagesPerSecond", 9],
        ["step/waitingShare", 0],
      ],
    }),
  ];
  t.deepEqual(await readFile(join(folder, name)), Buffer.concat(expected));
});

test("a table has a column for every number, and lines of each kind", (t) => {
  const csv = metricsCsv([step, { kind: "epoch", step: 7, loss: 3, clusters: [6, 3] }]);
  t.is(csv, "kind,step,epoch,loss,terms/0,terms/1,clusters/0,clusters/1\nstep,7,1,2.5,1,1.5,,\nepoch,7,,3,,,6,3\n");
});

/** What of TensorBoard's messages a histogram takes (tensorboard/compat/proto/summary.proto), for a reader that is not ours. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message HistogramProto {
    double min = 1; double max = 2; double num = 3; double sum = 4; double sum_squares = 5;
    repeated double bucket_limit = 6 [packed = true]; repeated double bucket = 7 [packed = true];
  }
  message Summary { message Value { string tag = 1; HistogramProto histo = 5; } repeated Value value = 1; }
  message Event { double wall_time = 1; int64 step = 2; Summary summary = 5; }
`);

test("histograms, read back by protobufjs, hold every number in its part of the range", (t) => {
  const values = Float32Array.of(-1, -0.96, 0, 0.5, 0.5, 2);
  const record = eventRecord({ time: 1, step: 9, what: [{ tag: "a", values }, ["b", 1]] });
  const event = root.lookupType("Event").decode(record.subarray(12, -4)).toJSON() as {
    step: string;
    summary: { value: { tag: string; histo: Record<string, number> & Record<"bucketLimit" | "bucket", number[]> }[] };
  };
  t.is(event.step, "9");
  const [{ tag, histo }] = event.summary.value;
  t.is(tag, "a");
  t.like(histo, { min: -1, max: 2, num: 6 });
  t.true(Math.abs(histo.sum - 1.04) < 1e-6 && Math.abs(histo.sumSquares - 6.4216) < 1e-6);
  t.is(histo.bucketLimit.length, 30);
  t.deepEqual(
    histo.bucket.flatMap((n, i) => (n > 0 ? [[Math.round(10 * histo.bucketLimit[i]) / 10, n]] : [])),
    [
      [-0.9, 2],
      [0.1, 1],
      [0.6, 2],
      [2, 1],
    ],
  );
});

test("what embeddings look like: their coordinates, and their cosines to the mean", (t) => {
  const [coordinates, cosines] = histogramsOf({ shape: [2, 2], data: Float32Array.of(1, 0, 0, 1) });
  t.deepEqual([...coordinates.values], [1, 0, 0, 1]);
  for (const cosine of cosines.values) t.true(Math.abs(cosine - Math.SQRT1_2) < 1e-6);
});

test("train --log leaves the projector its points, what is known of each, and their pictures", async (t) => {
  const { folder, recipe } = await withRecipe();
  const log = join(folder, "log");
  const { code, stderr } = await hcsc(
    "train",
    "--data",
    images,
    "--recipe",
    recipe,
    "--out",
    join(folder, "run"),
    "--log",
    log,
  );
  t.is(code, 0, stderr);
  const config = await readFile(join(log, "projector_config.pbtxt"), "utf8");
  const path = (field: string) => join(log, new RegExp(`${field}: "(.*)"`).exec(config)?.[1] ?? "");
  const rows = async (file: string) =>
    (await readFile(file, "utf8"))
      .trimEnd()
      .split("\n")
      .map((l) => l.split("\t"));
  const points = await rows(path("tensor_path"));
  t.is(points.length, 64);
  t.true(points.flat().every((cell) => Number.isFinite(Number(cell))));
  const [header, ...about] = await rows(path("metadata_path"));
  t.deepEqual(header, ["name", "label", "cluster_1", "cluster_2"]);
  t.is(about.length, 64);
  t.deepEqual(about[0].slice(0, 2), ["disc/red/plain#0", "disc/red/plain"]);
  const { width, height } = await sharp(path("image_path")).metadata();
  t.deepEqual([width, height], [8 * 48, 8 * 48]);
  const [events] = (await readdir(log)).filter((name) => name.startsWith("events"));
  t.true((await readFile(join(log, events))).includes("embeddings/cosineToMean"));
});
