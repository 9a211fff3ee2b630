/**
 * A picture being worked on: operations in order, in two reused buffers. Three things are put off to the end, where they
 * cost nothing: a grey image is kept as one channel, a mirrored one as a flag, and a cut after a resize only limits what the
 * resize computes. One canvas a thread at a time: the buffers are shared.
 */
import type { Picture } from "../source.js";
import { gaussianBlur } from "./blur.js";
import { centerCrop, halfToEven, mirror } from "./crop.js";
import { growing, kernels, memory, placed } from "./kernels.js";
import type { Operation } from "./operations.js";
import { writePlanes } from "./planes.js";
import { type Box, resample } from "./resample.js";
import type { Interpolation } from "./taps.js";

const buffers = [growing(), growing()] as const;

export class Canvas {
  /** Where the image is: in the first buffer, or in the second. */
  private data: number;
  private inSecond = false;
  private height: number;
  private width: number;
  private channels: number;
  private mirrored = false;

  constructor(private readonly source: Picture) {
    ({ height: this.height, width: this.width, channels: this.channels } = source);
    [this.data] = placed(buffers[0], source.data);
  }

  apply(operations: readonly Operation[]): this {
    for (let i = 0; i < operations.length; i++) {
      const operation = operations[i];
      const next = operations[i + 1];
      if (operation.op === "resize" && next?.op === "centerCrop") {
        this.resize(operation.shortSide, operation.interpolation, next.size);
        i++;
      } else {
        this.step(operation);
      }
    }
    return this;
  }

  /** A copy of the image, with the channels of the picture it was made from. */
  picture(): Picture {
    this.straighten();
    const { height, width, channels } = this;
    const pixels = height * width;
    const data = memory().slice(this.data, this.data + pixels * channels);
    if (channels === this.source.channels) return { height, width, channels: this.source.channels, data };
    const repeated = new Uint8Array(3 * pixels);
    for (let i = 0; i < pixels; i++) repeated.fill(data[i], 3 * i, 3 * i + 3);
    return { height, width, channels: 3, data: repeated };
  }

  /** Writes the image's planes; see {@link writePlanes}. @returns the bytes written */
  write(channels: number, out: Uint8Array, offset: number): number {
    writePlanes(this.data, this.height, this.width, this.channels, this.mirrored, channels, out, offset);
    return channels * this.pixels;
  }

  private step(operation: Operation): void {
    const grey = this.channels === 1;
    switch (operation.op) {
      case "resizedCrop":
        this.straighten();
        this.resampleTo(operation, operation.size, operation.size, "bilinear");
        break;
      case "resize":
        this.resize(operation.shortSide, operation.interpolation);
        break;
      case "centerCrop": {
        this.straighten();
        const { size } = operation;
        const target = this.other(size * size * this.channels);
        centerCrop(memory(), this.data, this.height, this.width, this.channels, size, target);
        this.become(target, size, size);
        break;
      }
      case "brightness":
        this.blendWith(0, operation.factor);
        break;
      case "contrast":
        this.blendWith(this.meanLuma(), operation.factor);
        break;
      case "saturation":
        if (!grey) kernels.saturate(this.data, this.pixels, operation.factor);
        break;
      case "hue":
        if (!grey) kernels.turnHue(this.data, this.pixels, Math.trunc(255 * operation.factor));
        break;
      case "grayscale": {
        if (grey) break;
        const target = this.other(this.pixels);
        kernels.luma(this.data, this.pixels, target);
        this.channels = 1;
        this.become(target, this.height, this.width);
        break;
      }
      case "gaussianBlur":
        gaussianBlur(this.data, this.height, this.width, this.channels, operation.sigma);
        break;
      case "horizontalFlip":
        this.mirrored = !this.mirrored;
    }
  }

  private get pixels(): number {
    return this.height * this.width;
  }

  private blendWith(level: number, factor: number): void {
    kernels.blendWith(this.data, this.pixels * this.channels, level, factor);
  }

  /** Rounded to 8 bits. */
  private meanLuma(): number {
    const { data, pixels } = this;
    const sum = this.channels === 1 ? kernels.greyLevels(data, pixels) : kernels.lumaLevels(data, pixels);
    return Math.trunc(sum / pixels + 0.5);
  }

  /** Resizes to a short side; with `middle`, then cuts the middle of that size, computing no more than it. */
  private resize(shortSide: number, interpolation: Interpolation, middle?: number): void {
    this.straighten();
    const short = Math.min(this.height, this.width);
    const height = this.height === short ? shortSide : Math.floor((shortSide * this.height) / short);
    const width = this.width === short ? shortSide : Math.floor((shortSide * this.width) / short);
    const whole = { top: 0, left: 0, height: this.height, width: this.width };
    if (middle !== undefined && middle <= shortSide) {
      const window = {
        top: halfToEven(height - middle),
        left: halfToEven(width - middle),
        height: middle,
        width: middle,
      };
      this.resampleTo(whole, height, width, interpolation, window);
      return;
    }
    this.resampleTo(whole, height, width, interpolation);
    if (middle !== undefined) this.step({ op: "centerCrop", size: middle });
  }

  private resampleTo(
    box: Box,
    height: number,
    width: number,
    interpolation: Interpolation,
    window: Box = { top: 0, left: 0, height, width },
  ): void {
    const target = this.other(window.height * window.width * this.channels);
    resample(this.data, this.width, this.channels, box, height, width, interpolation, window, target);
    this.become(target, window.height, window.width);
  }

  /** The buffer that does not hold the image. */
  private other(length: number): number {
    return buffers[this.inSecond ? 0 : 1](length);
  }

  private become(target: number, height: number, width: number): void {
    this.data = target;
    this.height = height;
    this.width = width;
    this.inSecond = !this.inSecond;
  }

  /** Mirrors the pixels now if the flag says so. */
  private straighten(): void {
    if (!this.mirrored) return;
    mirror(memory(), this.data, this.height, this.width, this.channels);
    this.mirrored = false;
  }
}

/** The picture after one operation, with as many channels as before. */
export function applyOperation(picture: Picture, operation: Operation): Picture {
  return new Canvas(picture).apply([operation]).picture();
}
