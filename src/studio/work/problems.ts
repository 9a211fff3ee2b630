/** Errors in words for people who never see a console. */
import { HcscError } from "../../errors.js";

/** What browsers say of some troubles, and what to tell. */
const told: readonly (readonly [RegExp, string])[] = [
  [
    /bad_alloc|out of memory|Array buffer allocation failed|Invalid array length|memory access out of bounds|OOM/i,
    "there is not enough memory for this. Close other tabs, or take the small size",
  ],
  [
    /QuotaExceeded|storage for this page is full/i,
    "the browser's storage for this page is full. Forget a kept run, or free some disk space",
  ],
];

/** What happened, in words. */
export function wordsOf(error: unknown): string {
  const { name = "", message = String(error) } = (error ?? {}) as Partial<Error>;
  const [, advice] = told.find(([pattern]) => pattern.test(`${name} ${message}`)) ?? [];
  if (advice === undefined) return message;
  return error instanceof HcscError ? `${advice} (${message})` : advice;
}

/** Whether the device of an engine is gone, so that another engine may go on. */
export const isLost = (error: unknown): boolean => error instanceof HcscError && error.code === "lost";
