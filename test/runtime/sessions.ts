/** Sessions as an engine's thread has them, in this thread. */
import type { Hosted } from "../../src/engine/messages.js";
import { Sessions } from "../../src/engine/sessions.js";
import { openLibrary } from "../../src/ort/index.js";
import { Bound } from "../../src/runtime/bound.js";

/** What opens sessions on a provider. */
export async function sessionsIn(): Promise<(name: "webgpu" | "cpu") => Hosted> {
  const library = await openLibrary();
  return (name) => {
    const choice = { name, device: null, precision: "fp32" } as const;
    const silent = { placed: () => {}, warning: () => {} };
    return new Sessions(new Bound(library, choice, 2), choice, false, async (call) => call(), silent, null);
  };
}
