/** The page's entry: its worker, and what shows what that does. */
import { Studio } from "./studio.js";

new Studio(new Worker(new URL("./work.js", import.meta.url), { type: "module" }));
