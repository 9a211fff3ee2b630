import { readdir } from "node:fs/promises";
import test from "ava";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { writeParquet } from "../../src/tensorfile/index.js";
import { temporary } from "../commands/cli.js";

test("a table of every kind of column reads back as it was, over several row groups", async (t) => {
  const folder = await temporary();
  const path = `${folder}/t.parquet`;
  const [count, width] = [260, 4096]; // past a million numbers
  const data = Float32Array.from({ length: count * width }, (_, i) => Math.fround(Math.sin(i)));
  const names = Array.from({ length: count }, (_, i) => `Bär ${i}/ü.jpg`);
  const shown = names.map((_, i) => Array.from({ length: i % 3 }, (_, c) => `class ${c}`));
  const ids = Int32Array.from(names, (_, i) => (i % 2 === 0 ? i : -i));
  await writeParquet(path, [
    { name: "file", kind: "text", rows: names },
    { name: "labels", kind: "texts", rows: shown },
    { name: "vector", kind: "vector", rows: { shape: [count, width], data } },
    { name: "cluster_1", kind: "int32", rows: ids },
  ]);
  t.deepEqual(await readdir(folder), ["t.parquet"]);
  const file = await asyncBufferFromFile(path);
  const { row_groups: groups, schema, created_by: by } = await parquetMetadataAsync(file);
  t.is(by, "hcsc");
  t.deepEqual(
    groups.map((group) => Number(group.num_rows)),
    [256, 4],
  );
  t.deepEqual(
    schema.filter((s) => s.type).map((s) => [s.name, s.type]),
    [
      ["file", "BYTE_ARRAY"],
      ["element", "BYTE_ARRAY"],
      ["element", "FLOAT"],
      ["cluster_1", "INT32"],
    ],
  );
  const rows = await parquetReadObjects({ file });
  t.is(rows.length, count);
  for (const [i, row] of rows.entries()) {
    t.deepEqual([row.file, row.labels, row.cluster_1], [names[i], shown[i], ids[i]]);
    t.true(row.vector.every((x: number, d: number) => x === data[i * width + d]) && row.vector.length === width);
  }
});
