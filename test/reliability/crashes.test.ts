/** A few of the kills of `npm run reliability -- crashes`. */
import test from "ava";
import { crashes } from "./crashes.js";

test("a run that is killed again and again ends with the bytes of one that was not", async (t) => {
  const { kills, faults, hits } = await crashes({ kills: 4, seed: 7 });
  t.log([...hits].map(([hit, n]) => `${n} × ${hit}`).join(", "));
  t.is(kills, 4);
  t.deepEqual(faults, []);
});
