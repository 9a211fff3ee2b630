import test from "ava";
import { MapFrame } from "../../src/view/mapFrame.js";

const corners = [0, 0, 1, 0, 0, 1, 1, 1];
/** Of a picture of 38 pixels with a border of 2. */
const half = 21;

for (const [width, height] of [
  [310, 520],
  [600, 200],
  [1200, 608],
])
  test(`at ${width} by ${height} pixels the pictures at the map's ends are whole, and it fills one side`, (t) => {
    const frame = Object.assign(new MapFrame(corners), { width, height });
    const across = [0, 1, 2, 3].flatMap((id) => [frame.x(id), width - frame.x(id)]);
    const down = [0, 1, 2, 3].flatMap((id) => [frame.y(id), height - frame.y(id)]);
    t.true(Math.min(...across, ...down) >= half);
    t.true(Math.min(...across, ...down) < half + 6);
    t.is(frame.at(frame.x(3), frame.y(3), 5), 3);
  });

test("a frame that has no room yet has places", (t) => {
  const frame = new MapFrame(corners);
  t.true([0, 1, 2, 3].every((id) => Number.isFinite(frame.x(id)) && frame.side > 0));
});
