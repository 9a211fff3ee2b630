/** ONNX Runtime's own telemetry, which is on unless told otherwise. */

/**
 * Switches it off for this process, before the first session of any binding: ONNX Runtime 1.30 opens a database in the user's
 * cache folder (`Microsoft/DeveloperTools/.onnxruntime`) for it on Linux and macOS. Only the main thread can: a worker's
 * environment is its own copy. A value that the user has set stays.
 */
export function withoutTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
}
