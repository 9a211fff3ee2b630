// @ts-check
/** Trains on a folder of images, then writes a vector for each: node examples/train-folder.mjs photos photos.parquet [FIELD=VALUE...] */
import { openLearner, writeEmbeddings } from "hcsc";

const [images, out, ...set] = process.argv.slice(2);
const learner = await openLearner({ images, set });
const { loss, seconds } = await learner.train();
console.log(`loss ${loss.toFixed(3)} after ${seconds.toFixed(0)} s`);
const table = await learner.embed();
await writeEmbeddings(out, table);
console.log(`${table.names.length} vectors of ${table.vectors.shape[1]} numbers → ${out}`);
await learner.close();
