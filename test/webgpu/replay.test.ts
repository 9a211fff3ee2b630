import { assertReplays, fixtures } from "../replay/fixture.js";
import { deviceTest } from "./device.js";

const withGraphs = fixtures.filter((f) => !f.startsWith("augment"));
for (const fixture of withGraphs)
  deviceTest(`${fixture} replays within twice the fixtures' tolerances`, (t) =>
    assertReplays(t, fixture, { provider: "webgpu" }, 2),
  );
