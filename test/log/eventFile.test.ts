/** Event files byte for byte as TensorBoard's own writer makes them (test/fixtures/README.md), and what a run writes. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { crc32c } from "../../src/log/crc32c.js";
import { eventRecord } from "../../src/log/eventRecord.js";
import { metricsCsv, openEventLog } from "../../src/log/index.js";
import { scalarsOf } from "../../src/log/scalars.js";
import { temporary } from "../commands/cli.js";

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
