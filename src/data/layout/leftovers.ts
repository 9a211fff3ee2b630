/** Files and folders that operating systems and tools leave among images: no images, no classes, not broken. */

/** Names of files and folders, in lower case. What begins with a dot is hidden by every system's custom, and needs no entry. */
const names: ReadonlySet<string> = new Set([
  // macOS: archives' second halves, and "Icon" with a carriage return
  "__macosx",
  "icon\r",
  // Windows
  "thumbs.db",
  "ehthumbs.db",
  "ehthumbs_vista.db",
  "desktop.ini",
  "$recycle.bin",
  "recycler",
  "system volume information",
  // Linux file systems, network storage (Synology, QNAP)
  "lost+found",
  "@eadir",
  "#recycle",
  "@recycle",
  "#snapshot",
  "@recently-snapshot",
  // Tools
  "__pycache__",
  "cvs",
  "picasa.ini",
  "zbthumbnail.info",
]);

/** Half-written, locked or backed up. */
const patterns: readonly RegExp[] = [
  /^\./,
  /^~\$/,
  /~$/,
  /\.(part|partial|crdownload|download|tmp|temp|swp|bak|lock)$/i,
];

/** Whether a file or folder of this name was left behind. */
export const isLeftover = (name: string): boolean =>
  names.has(name.toLowerCase()) || patterns.some((pattern) => pattern.test(name));
