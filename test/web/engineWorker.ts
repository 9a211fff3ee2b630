/** The script of the engine's worker; a message on the channel `lose the device` takes its GPU away. */
import { serveEngine } from "../../src/web/engineWorker/index.js";

serveEngine();
new BroadcastChannel("lose the device").addEventListener("message", async () => {
  const { env } = await import("onnxruntime-web/webgpu");
  const device = (await env.webgpu.device) as GPUDevice | undefined;
  device?.destroy();
});
