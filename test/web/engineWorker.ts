/** The script of the engine's worker; a message on the channel `lose the device` takes its GPU away, and where it has none, the worker. */
import { type DeviceLost, serveEngine } from "../../src/web/engineWorker/index.js";

serveEngine();
new BroadcastChannel("lose the device").addEventListener("message", async () => {
  const { env } = await import("onnxruntime-web/webgpu");
  const device = (await env.webgpu.device) as GPUDevice | undefined;
  if (device) device.destroy();
  else {
    postMessage({ lost: "the worker was taken away" } satisfies DeviceLost);
    close();
  }
});
