/** What a run has learned, told to the page after epochs by the code of Node's reports, and kept beside the run. */
import type { Loader } from "../../data/index.js";
import { learned, type ReportData, reportNow, type Sheets, thumbnails, writeReport } from "../../report/index.js";
import { lastSoundCheckpoint, type RunFolder } from "../../train/index.js";
import type { PageImages } from "../../web/index.js";
import { asBlobUrls, sheetsByCanvas } from "./canvasSheets.js";
import type { Device } from "./device.js";
import { inBlocks } from "./inBlocks.js";
import type { NewsDesk } from "./news.js";

/** Images of a report while training goes on: the map of more takes longer than an epoch. */
const mostImages = 1500;
/** Bytes of thumbnails. */
const pictureBytes = 8e6;
/** Reports take at most one part of time in this many. */
const share = 5;

/** Thumbnails as they are written, and as they are told. */
interface Pictures {
  readonly of: string;
  readonly written: Sheets;
  readonly told: Sheets;
}

export class Reports {
  private pictures: Pictures | null = null;
  private lastSeconds = 0;
  private lastEnd = Number.NEGATIVE_INFINITY;

  constructor(private readonly news: NewsDesk) {}

  /** A report after an epoch, unless the last was so long that training should have its time first. */
  async afterEpoch(run: RunFolder, images: PageImages, loader: Loader, device: Device, isLast: boolean): Promise<void> {
    const waited = (performance.now() - this.lastEnd) / 1000;
    if (!isLast && waited < (share - 1) * this.lastSeconds) return;
    const began = performance.now();
    const data = await this.made(run, images, loader, device);
    await writeReport(run, data);
    this.tell(data);
    this.lastEnd = performance.now();
    this.lastSeconds = (this.lastEnd - began) / 1000;
  }

  /** Tells what is known of a run that was opened: its last report under its curves so far. */
  async tellKept(run: RunFolder): Promise<void> {
    const data = await reportNow(run);
    this.pictures = data.images && {
      of: JSON.stringify(data.images.names),
      written: data.images.sheets,
      told: asBlobUrls(data.images.sheets),
    };
    this.tell(data);
  }

  private tell(data: ReportData): void {
    const images = data.images && this.pictures ? { ...data.images, sheets: this.pictures.told } : data.images;
    this.news.tell({ kind: "report", data: inBlocks({ ...data, images }) });
  }

  private async made(run: RunFolder, { source }: PageImages, loader: Loader, { engine }: Device): Promise<ReportData> {
    const checkpoint = await lastSoundCheckpoint(run, (message) => this.news.problem(message));
    const progress = this.news.stage;
    const { data, kept } = await learned({ run, checkpoint, engine, source, loader, images: mostImages, progress });
    const of = JSON.stringify(data.images.names);
    if (this.pictures?.of !== of) {
      for (const url of this.pictures?.told.urls ?? []) URL.revokeObjectURL(url);
      const written = await thumbnails(source, kept, pictureBytes, sheetsByCanvas, (done) =>
        progress("thumbnails", done, kept.length),
      );
      this.pictures = { of, written, told: asBlobUrls(written) };
    }
    return { ...data, images: { ...data.images, sheets: this.pictures.written } };
  }
}
