/**
 * The page that trains: images in, a network trained in the browser, nothing uploaded. What people see is `page/`, on the main thread;
 * what works is in a worker of the page (`work/`), and `protocol.ts` is what the two say to each other.
 */
export type { Ask, News, State } from "./protocol.js";
