/** `hcsc doctor`: what runs on this machine, and what to do about what does not. */
import { type Examination, examine, type ProviderReport } from "../../runtime/index.js";
import { table } from "../../text.js";
import { print } from "../print.js";

export async function run(flags: { readonly json?: boolean }): Promise<void> {
  const found = await examine();
  print(flags.json, found, lines(found));
}

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** `159 GFLOP/s`, `41.2 TFLOP/s` */
const rate = (gigaflops: number): string =>
  gigaflops < 1000 ? `${gigaflops.toPrecision(3)} GFLOP/s` : `${(gigaflops / 1000).toPrecision(3)} TFLOP/s`;

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
  const { precisions, state, matrixProduct, convolution } = probe;
  const rates = `matrix product ${rate(matrixProduct)}, convolution ${rate(convolution)}`;
  const runs = precisions.join(", ") || "in no named precision";
  return [
    head,
    `  ${came}; runs: ${runs}; state on the ${state}; ${rates}`,
    ...probe.warnings.map((warning) => `  ${warning}`),
  ];
}
