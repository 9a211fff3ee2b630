/**
 * `npm run bench`: times what users wait for, and prints a table (`--json`: one object). With `--peer FOLDER --python PYTHON`
 * the PyTorch peer runs between ours, interleaved, and ratios are ours / peer. Run nothing else meanwhile. Each row is
 * measured in a process of its own; `--case PART` picks some, in this one. `--profile` shows where a step's time goes (with
 * `--provider webgpu` by the kernels that it launches), `--choices` what the lowering rules were chosen over, `--scaling` how cost
 * grows with sizes, `--ranks` what several processes cost, `--stream N` reading N small images from archives and tables.
 * `--provider P` runs steps on a device, with `--precision` in each of several, and times the choices of that provider's form; the
 * peer's scripts are told `--device cuda --precision P`.
 */
import { cpus } from "node:os";
import { asText, table } from "../../src/text.js";
import { versions } from "../../src/version.js";
import { choiceRows } from "./choices.js";
import { deviceChoiceRows } from "./deviceChoices.js";
import { cardName, deviceStepRows } from "./deviceSteps.js";
import { flags } from "./flags.js";
import { kernelRows } from "./kernels.js";
import { lossRows } from "./loss.js";
import type { Row } from "./measure.js";
import { profileRows } from "./profile.js";
import { modelled, rankRows } from "./ranks.js";
import { writeResults } from "./results.js";
import { fits, scalingRows } from "./scaling.js";
import { stageRows } from "./stages.js";
import { apart, stepRows } from "./steps.js";
import { streamRows } from "./stream.js";

const onCpu = flags.provider === "cpu";
const views = {
  profile: flags.provider === "webgpu" ? kernelRows : profileRows,
  choices: onCpu ? choiceRows : deviceChoiceRows,
  scaling: scalingRows,
  ranks: rankRows,
  stream: streamRows,
};
const view = (Object.keys(views) as (keyof typeof views)[]).find((name) => flags[name]);
const all = view ? views[view] : onCpu ? [...stepRows, ...lossRows, ...stageRows] : deviceStepRows;
/** A part that is a whole name picks that row alone. */
const picks = (part: string, name: string): boolean =>
  all.some((row) => row.name === part) ? name === part : name.includes(part);
const rows: Row[] = [];
for (const { name, measure } of all) {
  if (flags.case?.some((part) => picks(part, name))) rows.push(await measure(name));
  else if (!flags.case)
    rows.push(flags.profile || flags.choices || flags.ranks ? await measure(name) : await apart(name));
}
if (rows.length === 0) {
  process.stderr.write(`bench: no row is called so. There are:\n${all.map(({ name }) => `  ${name}`).join("\n")}\n`);
  process.exit(2);
}
if (flags.scaling) rows.push(...fits(rows));
if (flags.ranks) rows.push(...(await modelled()));
const own = { cpu: cpus()[0].model, cores: cpus().length, provider: flags.provider, ...versions() };
const machine = onCpu ? own : { card: cardName(), ...own };
if (flags.out) await writeResults(flags.out, { machine, rows });
const lines = rows.map(({ name, ...figures }) => [
  String(name),
  Object.entries(figures)
    .flatMap(([k, v]) => (v === null ? [] : [`${k} ${v}`]))
    .join(", "),
]);
process.stdout.write(
  asText(flags.json, { machine, rows }, [...table(lines.map(([a, b]) => [a, b])), `${machine.cores} × ${machine.cpu}`]),
);
