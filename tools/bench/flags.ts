/** What `npm run bench` is told. */
import { parseArgs } from "node:util";

export const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    /** The folder of the PyTorch peer's scripts, and the Python that runs them. */
    peer: { type: "string" },
    python: { type: "string", default: "python3" },
    rounds: { type: "string", default: "3" },
    steps: { type: "string", default: "10" },
    /** Parts of the names of the rows wanted. */
    case: { type: "string", multiple: true },
    /** Shows where the time of a step goes instead. */
    profile: { type: "boolean", default: false },
    /** Times the lowering's choices against what they were chosen over instead. */
    choices: { type: "boolean", default: false },
    /** Measures how cost grows with sizes instead. */
    scaling: { type: "boolean", default: false },
    /** Measures one process and two, and models many instead. */
    ranks: { type: "boolean", default: false },
    /** Streams so many small images from archives and from tables instead. */
    stream: { type: "string" },
    /** Where steps run, and whose choices are timed. */
    provider: { type: "string", default: "cpu" },
    /** What steps on a device multiply in, each its own row. */
    precision: { type: "string", multiple: true, default: ["fp32"] },
    /** Writes the results, and their plot, into this folder. */
    out: { type: "string" },
  },
});
