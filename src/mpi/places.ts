/** The lines that tell which processes each machine has, by which a launcher's watcher knows that all have come together. */

/** @param own - the machine's processes, by their places among all */
export const placesLine = (host: string, own: readonly { readonly rank: number; readonly pid: number }[]): string =>
  `on ${host}: ${own.map(({ rank, pid }) => `process ${rank} (PID ${pid})`).join(", ")}`;

export const isPlacesLine = (line: string): boolean => /^on \S+: process \d+ \(PID \d+\)/.test(line);
