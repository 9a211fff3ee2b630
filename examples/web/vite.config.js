/** `npx vite build examples/web`. Workers are modules in chunks, as ONNX Runtime's threads start from a chunk of its own. */
export default { base: "./", worker: { format: "es" } };
