// @ts-check
/** The images of a run that are most like one: node examples/search.mjs runs/photos cat.jpg */
import { openLearner } from "hcsc";

const [run, image] = process.argv.slice(2);
const learner = await openLearner({ run });
const [{ neighbors }] = await learner.neighbors(image, { count: 5 });
for (const { name, cosine } of neighbors) console.log(cosine.toFixed(3), name);
await learner.close();
