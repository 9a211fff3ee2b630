/** The script of the page that the browser opens. */
import { trainSteps } from "./steps.js";

Object.assign(globalThis, { trainSteps });
