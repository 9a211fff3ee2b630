import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import sharp from "sharp";
import {
  type BatchRequest,
  describeSource,
  evaluationView,
  type Loader,
  type LoaderOptions,
  openLoader,
  openSource,
  randomView,
  type ViewPolicy,
} from "../../src/data/index.js";
import { random } from "../../src/random.js";

const seed = 11;
const policy: ViewPolicy = {
  size: 16,
  channels: 3,
  scale: [0.2, 1],
  ratio: [3 / 4, 4 / 3],
  jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, probability: 0.8 },
  grayscaleProbability: 0.2,
  blur: { sigma: [0.1, 1], probability: 0.5 },
  flipProbability: 0.5,
};
const policies = [policy, { ...policy, size: 8 }];
const evaluation = { ...policy, resize: 0, interpolation: "bilinear" } as const;
const synthetic = await describeSource("synthetic:count=60,size=20,seed=3");

/** Batches of four images, images 59, 52, 45 … of epoch 5. */
const requests = (count: number): BatchRequest[] =>
  Array.from({ length: count }, (_, b) => ({
    indices: Int32Array.from({ length: 4 }, (_, i) => (59 + (4 * b + i) * 53) % 60),
    epoch: 5,
  }));

/** Runs with a loader that is closed at the end. */
async function withLoader<T>(options: Partial<LoaderOptions>, use: (loader: Loader) => Promise<T>): Promise<T> {
  const loader = openLoader({ source: synthetic, seed, ...options });
  try {
    return await use(loader);
  } finally {
    await loader.close();
  }
}

/** A folder of `count` small images, those in `broken` cut short. */
async function folder(count: number, broken: readonly number[]) {
  const root = await mkdtemp(join(tmpdir(), "hcsc-loader-"));
  for (let i = 0; i < count; i++) {
    const background = { r: (i * 37) % 256, g: (i * 91) % 256, b: (i * 13) % 256 };
    const png = await sharp({ create: { width: 12, height: 10, channels: 3, background } })
      .png()
      .toBuffer();
    await writeFile(join(root, `${i + 10}.png`), broken.includes(i) ? png.subarray(0, 40) : png);
  }
  return describeSource(root);
}

for (const workers of [1, 3]) {
  test(`${workers} workers give the views of (seed, epoch, image, view), in the order asked`, async (t) => {
    const source = openSource(synthetic);
    const asked = requests(7);
    await withLoader({ workers, lookahead: 2 }, async (loader) => {
      let b = 0;
      for await (const { indices, views } of loader.train(asked, policies)) {
        t.deepEqual(indices, asked[b++].indices);
        t.is(views.length, 2);
        for (const [v, p] of policies.entries()) {
          const expected = new Uint8Array(4 * 3 * p.size ** 2);
          for (const [i, image] of indices.entries()) {
            const stream = random(seed, "views", 5, image, v);
            randomView(await source.read(image), p, stream, expected, i * 3 * p.size ** 2);
          }
          t.deepEqual(Uint8Array.from(views[v]), expected);
        }
      }
      t.is(b, 7);
      t.true(loader.waitedSeconds > 0);
      t.is(loader.broken.size, 0);
    });
  });
}

test("evaluation views are those of the images asked", async (t) => {
  const expected = new Uint8Array(3 * 256);
  await withLoader({}, async (loader) => {
    for await (const { indices, views } of loader.evaluate(requests(3), evaluation)) {
      for (const [i, image] of indices.entries()) {
        evaluationView(await openSource(synthetic).read(image), evaluation, expected, 0);
        t.deepEqual(Uint8Array.from(views[0].subarray(i * 768, (i + 1) * 768)), expected);
      }
    }
  });
});

test("a batch smaller than the workers, an empty epoch, and two epochs at once", async (t) => {
  await withLoader({ workers: 3 }, async (loader) => {
    const one = [{ indices: Int32Array.of(4), epoch: 0 }];
    const [a, b] = await Promise.all([loader.train(one, policies), loader.train(one, policies)].map((l) => l.next()));
    t.deepEqual([a.done, a.value.indices, a.value.views], [b.done, b.value.indices, b.value.views]);
    t.is((await loader.train([], policies).next()).done, true);
  });
});

test("no more batches are under way than looked ahead", async (t) => {
  let asked = 0;
  let taken = 0;
  let most = 0;
  function* counted() {
    for (const request of requests(12)) {
      most = Math.max(most, ++asked - taken);
      yield request;
    }
  }
  await withLoader({ lookahead: 4 }, async (loader) => {
    for await (const _ of loader.train(counted(), policies)) taken++;
  });
  t.is(taken, 12);
  t.is(most, 4);
});

test("memory given back holds later batches; memory kept is not written to", async (t) => {
  const views = async (keep: boolean) => {
    const copies: Uint8Array[] = [];
    const memory = new Set<unknown>();
    const kept: Uint8Array[] = [];
    await withLoader({ lookahead: 2 }, async (loader) => {
      for await (const batch of loader.train(requests(9), policies)) {
        copies.push(batch.views[0].slice());
        memory.add(batch.views[0].buffer);
        if (keep) kept.push(batch.views[0]);
        else for (const _ of [1, 2]) batch.release();
      }
    });
    return { copies, kept, blocks: memory.size };
  };
  const [kept, given] = [await views(true), await views(false)];
  t.deepEqual(given.copies, kept.copies);
  t.deepEqual(
    kept.kept.map((v) => v.slice()),
    kept.copies,
  );
  t.is(kept.blocks, 9);
  t.true(given.blocks <= 3, `${given.blocks} blocks`);
});

test("decoded images are kept while there is room, read once, and give the same views", async (t) => {
  const root = await mkdtemp(join(tmpdir(), "hcsc-loader-"));
  const files = Array.from({ length: 6 }, (_, i) => join(root, `${i}.png`));
  const noise = random(1);
  for (const file of files) {
    const pixels = Uint8Array.from({ length: 12 * 10 * 3 }, () => 256 * noise());
    await sharp(pixels, { raw: { width: 12, height: 10, channels: 3 } })
      .png()
      .toFile(file);
  }
  const source = await describeSource(root);
  const request = { indices: Int32Array.from(files.keys()), epoch: 2 };
  const viewsOf = async (loader: Loader) => (await loader.train([request], [policy]).next()).value.views[0].slice();
  const expected = await withLoader({ source }, viewsOf);
  // An image takes 360 bytes, in units of 64: 384. There is room for all, for four, for none.
  for (const [keep, images] of [
    [1e6, 6],
    [4 * 384, 4],
    [300, 0],
  ]) {
    await withLoader({ source, keep }, async (loader) => {
      t.deepEqual(await viewsOf(loader), expected);
      t.deepEqual(await viewsOf(loader), expected);
      t.deepEqual(loader.kept, { images, bytes: 384 * images, room: Math.floor(keep / 64) * 64 });
    });
  }
  await withLoader({ source, keep: 1e6 }, async (loader) => {
    await viewsOf(loader);
    for (const file of files) await rm(file);
    t.deepEqual(await viewsOf(loader), expected);
    t.is(loader.broken.size, 0);
  });
  await withLoader({ keep: 1e6 }, async (loader) => {
    await loader.train(requests(1), policies).next();
    t.deepEqual(loader.kept, { images: 0, bytes: 0, room: 0 }, "a set that is no files");
  });
});

test("an abort ends the waiting", async (t) => {
  await withLoader({}, async (loader) => {
    const reason = new Error("enough");
    const controller = new AbortController();
    const batches = loader.train(requests(9), policies, controller.signal);
    await batches.next();
    const waiting = batches.next();
    controller.abort(reason);
    await t.throwsAsync(
      waiting.then(() => batches.next()),
      { message: "enough" },
    );
    await t.throwsAsync(loader.train(requests(1), policies, AbortSignal.abort(reason)).next(), { message: "enough" });
    t.false((await loader.train(requests(1), policies).next()).done); // The loader itself goes on.
  });
});

test("the next readable image stands in for a broken one, which is named once", async (t) => {
  const source = await folder(8, [2, 5]);
  const told: string[] = [];
  const onBroken = (index: number, name: string, reason: string) => {
    told.push(`${index} ${name}`);
    t.true(reason.length > 10);
  };
  const size = 3 * policy.size ** 2;
  for (const workers of [1, 2]) {
    told.length = 0;
    await withLoader({ source, workers, onBroken, tolerance: 0.3 }, async (loader) => {
      const request = { indices: Int32Array.of(1, 2, 3, 5), epoch: 0 };
      for await (const { indices, views } of loader.train([request, request], [policy])) {
        t.deepEqual([...indices], [1, 3, 3, 1]);
        const [first, second, third, fourth] = [0, 1, 2, 3].map((i) => views[0].slice(i * size, (i + 1) * size));
        t.deepEqual(second, third);
        t.deepEqual(fourth, first);
        t.notDeepEqual(first, third);
      }
      t.deepEqual(told, ["2 12.png", "5 15.png"]);
      t.deepEqual([...loader.broken.keys()], [2, 5]);
    });
  }
});

test("one broken image is let pass; more than the tolerance, or a batch of none but broken, is an error", async (t) => {
  const source = await folder(8, [2, 5]);
  const take = (indices: readonly number[], tolerance: number) =>
    withLoader({ source, tolerance }, (loader) =>
      loader.train([{ indices: Int32Array.from(indices), epoch: 0 }], [policy]).next(),
    );
  await t.notThrowsAsync(take([1, 2], 0));
  await t.throwsAsync(take([1, 2, 5], 0.01), { name: "DataError", message: /^2 images.*1 %.*12\.png, 15\.png/ });
  await t.throwsAsync(take([2, 5], 1), { name: "DataError", message: /none of 2 images.*12\.png/ });
  const seen = (tolerance: number) =>
    withLoader({ source, tolerance }, (loader) =>
      loader.evaluate([{ indices: Int32Array.of(2, 5), epoch: 0 }], evaluation).next(),
    );
  await t.throwsAsync(seen(0.5), { name: "DataError", message: /none of 2 images/ });
  t.true((await seen(1)).value.views[0].every((level: number) => level === 0));
});

test("a view that cannot be made is an error, not a broken image", async (t) => {
  await withLoader({}, async (loader) => {
    const wrong = { ...policy, channels: 4 as 3 };
    await t.throwsAsync(loader.train(requests(1), [wrong]).next(), {
      name: "DataError",
      message: /#.*the image has 3 channels, the recipe 4/,
    });
    t.is(loader.broken.size, 0);
  });
});

test("a closed loader refuses: what is under way, and what comes after", async (t) => {
  const loader = openLoader({ source: synthetic, seed });
  const waiting = loader.train(requests(2), policies).next();
  await Promise.all([loader.close(), t.throwsAsync(waiting, { message: "the loader is closed" })]);
  await t.throwsAsync(loader.train(requests(1), policies).next(), { message: "the loader is closed" });
});

/** A program that takes one batch and does not close the loader, in a process of its own. */
async function abandoned(environment: Readonly<Record<string, string>>): Promise<string> {
  const room = new URL("../../src/data/index.js", import.meta.url).href;
  const program = `
    const { describeSource, openLoader } = await import(${JSON.stringify(room)});
    const loader = openLoader({ source: await describeSource("synthetic:count=9"), seed: 1 });
    const requests = [{ indices: Int32Array.of(1, 2), epoch: 0 }];
    const { value } = await loader.evaluate(requests, ${JSON.stringify(evaluation)}).next();
    console.log(value.views[0].length);`;
  const args = ["--input-type=module", "-e", program];
  const env = { ...process.env, ...environment };
  return (await promisify(execFile)(process.execPath, args, { env, timeout: 60_000 })).stdout.trim();
}

test("a loader that is not closed does not keep the process alive", async (t) => {
  t.is(await abandoned({}), String(2 * 3 * 16 * 16));
});

test("a thread that ends by itself ends the loading", async (t) => {
  const root = await mkdtemp(join(tmpdir(), "hcsc-loader-"));
  const file = join(root, "crash.mjs");
  await writeFile(file, 'import { isMainThread } from "node:worker_threads";\nif (!isMainThread) process.exit(3);\n');
  await t.throwsAsync(abandoned({ NODE_OPTIONS: `--import ${file}` }), {
    message: /DataError: a loading thread ended by itself, with code 3/,
  });
});
