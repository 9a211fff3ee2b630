/** Files of torch.save: a zip of a pickle and raw storages (since PyTorch 1.6), or one stream of pickles and storages (before). */
import { CheckpointError, said } from "../errors.js";
import { numberFormats } from "../tensors/index.js";
import { type Global, type PickleReader, readPickle } from "./pickle.js";
import { asFloats, gathered, type StoredTensor, type WeightsFile } from "./storedTensor.js";
import { type Storage, type StorageType, type TensorView, torchNames } from "./torchNames.js";
import { readZip } from "./zip.js";

/** Raw bytes of a storage by its key. */
type Storages = (key: string) => Uint8Array;

const isStorage = (x: unknown): x is Storage => (x as Storage | null)?.kind === "storage";
const isView = (x: unknown): x is TensorView => (x as TensorView | null)?.kind === "tensor";
const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;
const areCounts = (x: unknown): x is number[] => Array.isArray(x) && x.every(isCount);

const remedy =
  "Open it with the software that made it and save its state_dict alone: torch.save(model.state_dict(), FILE)";

const readerOf = (where: string): PickleReader => ({
  where,
  global: (name) => {
    const known = torchNames.get(name);
    if (!known)
      throw new CheckpointError(
        "unsafe",
        said`${{ file: where }} asks for ${name}, which is none of the names that weights need: it is not run and not read. ${remedy}`,
      );
    return known;
  },
  persistent: (id) => {
    const [tag, type, key, , count] = Array.isArray(id) ? id : [];
    const numbers = (type as Partial<StorageType & Global> | undefined)?.numbers;
    if (tag !== "storage" || !numbers || typeof key !== "string" || !isCount(count))
      throw new CheckpointError(
        "damaged",
        said`${{ file: where }} cannot be read as a PyTorch file: an entry of it is no storage of numbers`,
      );
    return { kind: "storage", key, numbers, count } satisfies Storage;
  },
});

/** The newer form. @throws CheckpointError that says what is wrong */
export function readTorchZip(bytes: Uint8Array, where: string): WeightsFile {
  const entries = readZip(bytes, where);
  const pickle = [...entries.keys()].find((name) => /^(?:[^/]*\/)?data\.pkl$/.test(name));
  if (pickle === undefined)
    throw new CheckpointError(
      "unknown-format",
      said`${{ file: where }} is a zip file without data.pkl: no file of torch.save`,
    );
  const root = pickle.slice(0, -"data.pkl".length);
  const entry = (name: string): Uint8Array => {
    const read = entries.get(root + name);
    if (!read) throw new CheckpointError("damaged", said`${{ file: where }} is damaged: it lacks ${root + name}`);
    return read();
  };
  if (entries.has(`${root}constants.pkl`))
    throw new CheckpointError(
      "unknown-format",
      said`${{ file: where }} is a TorchScript program, not weights. ${remedy}`,
    );
  if (entries.has(`${root}byteorder`) && new TextDecoder().decode(entry("byteorder")) === "big")
    throw new CheckpointError(
      "unknown-format",
      said`${{ file: where }} was saved on a big-endian machine, which is not supported`,
    );
  const { value } = readPickle(entry("data.pkl"), 0, readerOf(where));
  return { format: "PyTorch", tensors: tensorsOf(value, (key) => entry(`data/${key}`), where) };
}

/** torch.save's magic number, protocol 2: how every file of the older form begins. */
const magic = Uint8Array.of(0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e);
export const isLegacyTorch = (bytes: Uint8Array): boolean => magic.every((byte, i) => bytes[i] === byte);

/** The older form: magic, version, machine, the object, the keys of its storages, then each storage's length and numbers. */
export function readLegacyTorch(bytes: Uint8Array, where: string): WeightsFile {
  const used = new Map<string, Storage>();
  const plain = readerOf(where);
  const reader: PickleReader = {
    ...plain,
    persistent: (id) => {
      const storage = plain.persistent(id) as Storage;
      used.set(storage.key, storage);
      return storage;
    },
  };
  let at = magic.length;
  const next = (): unknown => {
    const { value, end } = readPickle(bytes, at, reader);
    at = end;
    return value;
  };
  const version = next();
  if (version !== 1001)
    throw new CheckpointError(
      "unknown-format",
      said`${{ file: where }} has version ${String(version)} of PyTorch's older form, 1001 is known`,
    );
  const machine = next();
  if (machine instanceof Map && machine.get("little_endian") === false)
    throw new CheckpointError(
      "unknown-format",
      said`${{ file: where }} was saved on a big-endian machine, which is not supported`,
    );
  const [value, keys] = [next(), next()];
  if (!Array.isArray(keys))
    throw new CheckpointError("damaged", said`${{ file: where }} is damaged: it has no list of its storages`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const places = new Map<string, Uint8Array>();
  for (const key of keys) {
    const storage = used.get(key);
    const size = storage && storage.count * numberFormats[storage.numbers].bytes;
    if (size === undefined || at + 8 + size > bytes.length || Number(view.getBigInt64(at, true)) !== storage?.count)
      throw new CheckpointError(
        "damaged",
        said`${{ file: where }} is damaged: the storage ${String(key)} is not at byte ${at}, as its list says`,
      );
    places.set(key, bytes.subarray(at + 8, at + 8 + size));
    at += 8 + size;
  }
  const storages: Storages = (key) => {
    const found = places.get(key);
    if (!found)
      throw new CheckpointError("damaged", said`${{ file: where }} is damaged: its storage ${key} is not in its list`);
    return found;
  };
  return { format: "PyTorch, the form before 1.6", tensors: tensorsOf(value, storages, where) };
}

/** Under which a checkpoint keeps its weights, the first that is there taken. */
const places = ["state_dict", "model", "model_state_dict", "net", "network", "encoder", "teacher", "student"];

/** The tensors of a state_dict, or of a checkpoint that keeps one. */
function tensorsOf(value: unknown, storages: Storages, where: string): ReadonlyMap<string, StoredTensor> {
  const holders = value instanceof Map ? [value, ...places.map((name) => value.get(name))] : [];
  const holder = holders.find((held) => held instanceof Map && [...held.values()].some(isView));
  if (!holder)
    throw new CheckpointError(
      "unknown-format",
      said`${{ file: where }} holds no weights by name: neither it nor what it keeps under ${places.join(", ")} is a dictionary of tensors. ${remedy}`,
    );
  const tensors = new Map<string, StoredTensor>();
  for (const [name, view] of holder as Map<unknown, unknown>)
    if (typeof name === "string" && isView(view)) tensors.set(name, stored(name, view, storages, where));
  return tensors;
}

function stored(name: string, view: TensorView, storages: Storages, where: string): StoredTensor {
  const { storage, offset, shape, strides } = view;
  if (
    !isStorage(storage) ||
    !isCount(offset) ||
    !areCounts(shape) ||
    !areCounts(strides) ||
    shape.length !== strides.length
  )
    throw new CheckpointError(
      "damaged",
      said`${{ file: where }} is damaged: the tensor ${{ tensor: name }} has no proper storage, shape and strides`,
    );
  return {
    shape,
    read: () => {
      const raw = storages(storage.key);
      const { bytes, read } = numberFormats[storage.numbers];
      if (raw.length !== storage.count * bytes)
        throw new CheckpointError(
          "damaged",
          said`${{ file: where }} is damaged: the storage of ${{ tensor: name }} has ${raw.length} bytes, ${storage.count * bytes} are needed`,
        );
      return gathered(asFloats(read(raw)), { offset, shape, strides }, said`${{ file: where }}: ${{ tensor: name }}`);
    },
  };
}
