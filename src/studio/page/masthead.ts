/** What this page is, and what becomes of the images. */
import { element } from "../../view/index.js";

export const masthead = (): HTMLElement =>
  element(
    "header",
    { class: "masthead", id: "top" },
    element("h1", {}, "Train on your images, in this page"),
    element(
      "p",
      { class: "lead" },
      "Give it a pile of images, without labels. A network learns here, in your browser, which of them are alike, and sorts them into a tree.",
    ),
    element(
      "p",
      { class: "promise" },
      element("strong", {}, "Nothing leaves this machine."),
      " The images are read and the network is trained here; the page may connect to nothing but where it came from.",
    ),
    ...shortcomings().map((words) => element("p", { class: "problem lasting" }, words)),
  );

/** What this browser, or how the page was served, costs, in words. */
function shortcomings(): readonly string[] {
  return [
    ...("gpu" in navigator
      ? []
      : [
          "This browser has no WebGPU, so the network is trained on the processor, which takes several times as long. Current Chrome and Edge have it; so have Firefox and Safari on some systems.",
        ]),
    ...(crossOriginIsolated
      ? []
      : [
          `This page came without the headers that threads need (Cross-Origin-Opener-Policy: same-origin, Cross-Origin-Embedder-Policy: require-corp), so WebAssembly has one thread in place of ${navigator.hardwareConcurrency}: on the processor training takes up to that many times as long.`,
        ]),
  ];
}
