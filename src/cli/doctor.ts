/** `hcsc doctor`: what runs on this machine, and what to do about what does not. */
import { Command } from "commander";
import { type Examination, examine, type ProviderReport } from "../runtime/index.js";
import { print, table } from "./print.js";

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("try every execution provider on this machine: what runs, how fast, and the fix for what does not")
    .addHelpText("after", "\nExamples:\n  hcsc doctor\n  hcsc doctor --json")
    .action(async (flags: { json?: boolean }) => {
      const found = await examine();
      print(flags.json, found, lines(found));
    });
}

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

function lines(e: Examination): string[] {
  return [
    ...table([
      ...Object.entries(e.versions),
      ["platform", e.platform],
      ["threads", String(e.threads)],
      ["memory", `${gibibytes(e.memory.totalBytes)}, ${gibibytes(e.memory.freeBytes)} free`],
      ["graphics devices", e.devices.join("; ") || "no tool names them"],
    ]),
    "",
    ...e.providers.flatMap(providerLines),
  ];
}

function providerLines({ provider, about, known, bundled, probe }: ProviderReport): string[] {
  const head = `${provider}: ${about}`;
  if (!known || !probe) return [head, "  not in this platform's onnxruntime-node"];
  const came = bundled ? "bundled" : "not bundled: its libraries are installed apart";
  if (!probe.runs) return [head, `  ${came}; does not run: ${probe.reason}`];
  const rates = `matrix product ${probe.matrixProduct.toPrecision(3)}, convolution ${probe.convolution.toPrecision(3)} GFLOP/s`;
  return [head, `  ${came}; runs: ${rates}; float16 ${probe.float16 ? "yes" : "no"}`];
}
