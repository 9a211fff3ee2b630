import test from "ava";
import { loadingThreads, withDevice } from "../../src/learner/machineShare.js";

test("of the processes of a machine each takes a device, of those that it may see", (t) => {
  const taken = (provider: string, visible?: string) => [0, 1, 2].map((place) => withDevice(provider, place, visible));
  t.deepEqual(taken("cuda"), ["cuda:0", "cuda:1", "cuda:2"]);
  t.deepEqual(taken("auto"), ["auto:0", "auto:1", "auto:2"]);
  t.deepEqual(taken("cuda", "4,5"), ["cuda:0", "cuda:1", "cuda:0"]);
  t.deepEqual(taken("cuda", "GPU-8932"), ["cuda:0", "cuda:0", "cuda:0"]); // Slurm has given each its own
  t.deepEqual(taken("cuda:1"), ["cuda:1", "cuda:1", "cuda:1"]);
  t.deepEqual(taken("webgpu"), ["webgpu", "webgpu", "webgpu"]);
  t.deepEqual(taken("cpu"), ["cpu", "cpu", "cpu"]);
});

test("beside a device all cores but one load images, beside the CPU's engine two", (t) => {
  const threads = (provider: string) => [1, 2, 4, 16].map((cores) => loadingThreads(provider, cores));
  t.deepEqual(threads("cuda"), [2, 2, 3, 15]);
  t.deepEqual(threads("webgpu"), [2, 2, 3, 15]);
  t.deepEqual(threads("cpu"), [2, 2, 2, 2]);
});
