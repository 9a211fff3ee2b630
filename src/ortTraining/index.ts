/**
 * ONNX Runtime's on-device training, whose last build is that of onnxruntime-web 1.19.2: its artifacts and checkpoints written
 * and read without Python, and run.
 */
export { type TrainingArtifacts, type TrainingLayout, trainingArtifacts } from "./artifacts.js";
export { decodeCheckpoint, encodeCheckpoint, type TrainingCheckpoint } from "./checkpoint.js";
export { watchMemory } from "./thrownNumbers.js";
export { checkpointOf, type Explain, type State, type TrainingModule, TrainingRun } from "./trainingRun.js";
