/** What goes wrong: for each class of error its exit code, and its codes with what each means. */
export const errorClasses = {
  UsageError: {
    exitCode: 2,
    codes: {
      "wrong-arguments": "The command line cannot be read: an unknown command or option, or a value of another form.",
      "not-given": "Something that is needed was not given.",
      contradiction: "Two things that were given exclude each other.",
      "wrong-value": "A value is not one of those that can be taken.",
      "wrong-fields": "A recipe or a sweep has fields that are unknown, missing or of a wrong value.",
      "unknown-name": "Nothing has the name that was given: no program, no input, no tensor, no recipe.",
      unsupported: "What was asked for does not exist in this combination.",
      missing: "There is no such file or folder, or not what should be in it.",
      "unknown-format": "A file is of no form that is read in its place, or weights of no backbone that is known.",
      occupied: "What is to be made or taken is there already, or in use.",
      locked: "Another process trains in the run's folder.",
      "other-settings": "A run was made with settings that cannot change any more.",
      "other-images": "A run was trained on other images.",
      "wrong-launcher": "Processes were started by a launcher that does not belong to the MPI library.",
      "unequal-processes": "Processes that train together were given different things.",
    },
  },
  DataError: {
    exitCode: 1,
    codes: {
      missing: "A file, a folder or a part of a set is not there.",
      empty: "A set, a list or a table holds nothing that can be used.",
      damaged: "A file is not what its header or its form says.",
      "unknown-format": "A file is of no form that is read.",
      "wrong-entry": "A line, row, element or setting of a file does not say what it has to say.",
      unreadable: "An image or a table cannot be read.",
      "wrong-labels": "Labels are missing, or not of the kind or the classes that are needed.",
      "too-few": "There are fewer images, points or labels than it takes.",
      "too-large": "Pictures take more room than there is for them.",
      "wrong-length": "Two lists that belong together differ in length.",
      "not-finite": "A number is infinite, or none.",
      "not-written": "A file, folder or link cannot be written.",
      "loading-failed": "Images are loaded no more: a thread has failed, or the loader is closed.",
    },
  },
  ShapeError: {
    exitCode: 1,
    codes: {
      "wrong-shape": "A shape, a rank or an axis does not fit.",
      "wrong-dtype": "An element type does not fit.",
      "wrong-inputs": "An op or a program was given too many inputs, too few, or something that it cannot take.",
      "wrong-attribute": "An op has no such attribute, needs one more, or one of another kind.",
      "not-constant": "A value or a size has to be known when the graph is built, and is not.",
      "unknown-op": "The builder does not know the op.",
    },
  },
  GraphError: {
    exitCode: 1,
    codes: {
      "unknown-format": "Bytes are no ONNX model, or one with content that is not read.",
      "unknown-op": "The builder does not know an op of the model.",
      "unsupported-op": "An op is known, but not in this form, or not on this provider.",
      "wrong-node": "A node's inputs or attributes do not suit its op.",
      "wrong-attribute": "An attribute of a node is unknown, or of another kind.",
      "wrong-shape": "Elements do not fill a shape, or one name stands for two shapes.",
      disconnected: "A value is read that nothing makes, or one is listed as an input that is computed.",
      "unknown-name": "A graph has no such output, or a model no such tensor.",
      "not-expanded": "A composite is left where standard ops are needed.",
      "no-gradient": "There is no gradient: a value is no float, an op has no rule, or the loss does not depend on it.",
      "not-given": "Something that the graph needs was not given.",
    },
  },
  CheckpointError: {
    exitCode: 1,
    codes: {
      missing: "A run has no checkpoint yet, or a tensor that is needed is not there.",
      unreadable: "A file cannot be read: it is not there, or the system refuses.",
      damaged: "A file is not what its header or its form says.",
      "unknown-format": "A file is of no form that is read.",
      unsafe: "A file asks for code that weights do not need. It is not run.",
      "wrong-weights": "Tensors have other names or shapes than the encoder needs.",
      "other-weights": "A file is another one than the run was to start from.",
      "not-finite": "Weights are not finite: the run that made them had failed.",
      "not-clustered": "The run has not come to its first clustering.",
      "too-large": "Weights do not go into one file of this form.",
    },
  },
  ProviderError: {
    exitCode: 1,
    codes: {
      absent: "ONNX Runtime, MPI, the provider or its device is not there, or cannot be opened.",
      unsupported: "The provider cannot run numbers or values of this kind.",
      failed: "ONNX Runtime could not load or run a program. Its own words stand in the message.",
      "wrong-numbers": "The provider computes other numbers than the CPU: do not use them.",
      ended: "The engine is closed, or its thread has ended.",
      lost: "The device is gone, with all that it held: its driver was reset, or the device was taken away. Open another engine, and go on from the last checkpoint.",
    },
  },
  InterruptedError: {
    exitCode: 130,
    codes: { interrupted: "It was stopped, and nothing is half done." },
  },
  TrainingError: {
    exitCode: 1,
    codes: {
      "not-finite": "A loss or a gradient is not finite.",
      "runs-failed": "Some runs of a sweep have failed; the others have their results.",
    },
  },
} as const;

/** The classes of errors. */
export type ErrorName = keyof typeof errorClasses;

type Codes = { readonly [N in ErrorName]: keyof (typeof errorClasses)[N]["codes"] };

/** The codes of a class. */
export type ErrorCode<N extends ErrorName = ErrorName> = Codes[N];
