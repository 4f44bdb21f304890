import { Builder, ByteBuffer } from 'flatbuffers';

/**
 * MediaPipe's tasks refuse a model with a float input that does not say how its input is normalised. The face
 * detector's file on npm says nothing; this adds it. Fields and their numbers are those of TensorFlow Lite's
 * `metadata_schema.fbs` (ModelMetadata, M001) and `schema.fbs` (Model, TFL3).
 */

/** How `value = (byte − mean) / std` is written for the input picture, and the names of the output tensors. */
export interface ImageInput {
  readonly mean: number;
  readonly std: number;
  readonly outputs: readonly string[];
}

/** Name under which a Model's metadata list carries the ModelMetadata buffer. */
const METADATA_NAME = 'TFLITE_METADATA';

/** Field numbers of the tables used, by their place in the schemas. */
const FIELD = {
  normalizationOptions: { count: 2, mean: 0, std: 1 },
  processUnit: { count: 2, optionsType: 0, options: 1 },
  stats: { count: 2, max: 0, min: 1 },
  imageProperties: { count: 2, colorSpace: 0 },
  content: { count: 3, propertiesType: 0, properties: 1 },
  tensorMetadata: { count: 7, name: 0, content: 3, processUnits: 4, stats: 5 },
  subGraphMetadata: { count: 10, inputs: 2, outputs: 3 },
  modelMetadata: { count: 8, name: 0, subgraphs: 3, minParserVersion: 7 },
  model: { count: 8, version: 0, buffers: 4, metadata: 6 },
} as const;
/** Members of the schema's unions and enums. */
const NORMALIZATION_OPTIONS = 1;
const IMAGE_PROPERTIES = 2;
const COLOR_SPACE_RGB = 1;
/** The version of the metadata schema in which all fields used here exist. */
const MIN_PARSER_VERSION = '1.5.0';

/** The ModelMetadata flatbuffer for a model that takes one RGB picture. Same input, same bytes. */
export function imageMetadata(name: string, input: ImageInput): Uint8Array {
  const b = new Builder(1024);
  const floats = (value: number) => {
    b.startVector(4, 1, 4);
    b.addFloat32(value);
    return b.endVector();
  };
  const list = (items: readonly number[]) => {
    b.startVector(4, items.length, 4);
    for (const item of items.toReversed()) b.addOffset(item);
    return b.endVector();
  };
  const table = (count: number, fill: () => void) => {
    b.startObject(count);
    fill();
    return b.endObject();
  };

  const mean = floats(input.mean);
  const std = floats(input.std);
  const options = table(FIELD.normalizationOptions.count, () => {
    b.addFieldOffset(FIELD.normalizationOptions.mean, mean, 0);
    b.addFieldOffset(FIELD.normalizationOptions.std, std, 0);
  });
  const unit = table(FIELD.processUnit.count, () => {
    b.addFieldInt8(FIELD.processUnit.optionsType, NORMALIZATION_OPTIONS, 0);
    b.addFieldOffset(FIELD.processUnit.options, options, 0);
  });
  const units = list([unit]);
  const max = floats((255 - input.mean) / input.std);
  const min = floats((0 - input.mean) / input.std);
  const stats = table(FIELD.stats.count, () => {
    b.addFieldOffset(FIELD.stats.max, max, 0);
    b.addFieldOffset(FIELD.stats.min, min, 0);
  });
  const properties = table(FIELD.imageProperties.count, () => {
    b.addFieldInt8(FIELD.imageProperties.colorSpace, COLOR_SPACE_RGB, 0);
  });
  const content = table(FIELD.content.count, () => {
    b.addFieldInt8(FIELD.content.propertiesType, IMAGE_PROPERTIES, 0);
    b.addFieldOffset(FIELD.content.properties, properties, 0);
  });
  const inputName = b.createString('image');
  const inputTensor = table(FIELD.tensorMetadata.count, () => {
    b.addFieldOffset(FIELD.tensorMetadata.name, inputName, 0);
    b.addFieldOffset(FIELD.tensorMetadata.content, content, 0);
    b.addFieldOffset(FIELD.tensorMetadata.processUnits, units, 0);
    b.addFieldOffset(FIELD.tensorMetadata.stats, stats, 0);
  });
  const outputTensors = input.outputs.map((output) => {
    const outputName = b.createString(output);
    return table(FIELD.tensorMetadata.count, () => b.addFieldOffset(FIELD.tensorMetadata.name, outputName, 0));
  });
  const inputs = list([inputTensor]);
  const outputs = list(outputTensors);
  const subgraph = table(FIELD.subGraphMetadata.count, () => {
    b.addFieldOffset(FIELD.subGraphMetadata.inputs, inputs, 0);
    b.addFieldOffset(FIELD.subGraphMetadata.outputs, outputs, 0);
  });
  const subgraphs = list([subgraph]);
  const modelName = b.createString(name);
  const parser = b.createString(MIN_PARSER_VERSION);
  const metadata = table(FIELD.modelMetadata.count, () => {
    b.addFieldOffset(FIELD.modelMetadata.name, modelName, 0);
    b.addFieldOffset(FIELD.modelMetadata.subgraphs, subgraphs, 0);
    b.addFieldOffset(FIELD.modelMetadata.minParserVersion, parser, 0);
  });
  b.finish(metadata, 'M001');
  return b.asUint8Array().slice();
}

/**
 * A model file with `metadata` added under TFLITE_METADATA.
 *
 * Offsets of a flatbuffer only point forwards, so a new root in front of the old file can reach everything in it: the
 * result is a new Model table, new lists of buffers and metadata (old entries plus one), then the old file untouched.
 * The front is padded to 64 bytes, which keeps the alignment of the weights.
 *
 * @throws RangeError when `model` is no TFL3 file or already carries metadata of this name
 */
export function addMetadata(model: Uint8Array, metadata: Uint8Array): Uint8Array {
  const old = new ByteBuffer(model);
  if (model.length < 8 || !old.__has_identifier('TFL3')) throw new RangeError('not a TensorFlow Lite model (TFL3)');
  const root = old.readInt32(0);
  /** Position in the old file of what field `k` of the root points at; 0 when absent. */
  const rootField = (k: number) => {
    const at = old.__offset(root, 4 + 2 * k);
    return at ? old.__indirect(root + at) : 0;
  };
  /** Positions in the old file of the tables in the list at `list`. */
  const entries = (list: number) =>
    Array.from({ length: list ? old.readInt32(list) : 0 }, (_, i) => old.__indirect(list + 4 + 4 * i));
  const oldBuffers = entries(rootField(FIELD.model.buffers));
  const oldMetadata = entries(rootField(FIELD.model.metadata));
  for (const entry of oldMetadata) {
    const at = old.__offset(entry, 4);
    if (at && old.__string(entry + at) === METADATA_NAME)
      throw new RangeError(`the model has ${METADATA_NAME} already`);
  }

  const front = new Front(1024 + 4 * (oldBuffers.length + oldMetadata.length) + metadata.length);
  const newModel = front.table(FIELD.model.count);
  const version = old.__offset(root, 4);
  front.putU32(newModel.slot(FIELD.model.version), version ? old.readUint32(root + version) : 3);
  for (let k = 0; k < FIELD.model.count; k++) {
    if (k === FIELD.model.version || k === FIELD.model.buffers || k === FIELD.model.metadata) continue;
    const target = rootField(k);
    if (target) front.pointIntoOld(newModel.slot(k), target);
  }
  const buffers = front.list(oldBuffers.length + 1);
  front.point(newModel.slot(FIELD.model.buffers), buffers.at);
  for (const [i, target] of oldBuffers.entries()) front.pointIntoOld(buffers.slot(i), target);
  const metadataList = front.list(oldMetadata.length + 1);
  front.point(newModel.slot(FIELD.model.metadata), metadataList.at);
  for (const [i, target] of oldMetadata.entries()) front.pointIntoOld(metadataList.slot(i), target);

  // Metadata { name: string; buffer: uint } and Buffer { data: [ubyte] }.
  const entry = front.table(2);
  front.point(metadataList.slot(oldMetadata.length), entry.at);
  front.putU32(entry.slot(1), oldBuffers.length);
  front.point(entry.slot(0), front.bytes(new TextEncoder().encode(`${METADATA_NAME}\0`), METADATA_NAME.length, 4));
  const buffer = front.table(1);
  front.point(buffers.slot(oldBuffers.length), buffer.at);
  front.point(buffer.slot(0), front.bytes(metadata, metadata.length, 16));
  return front.join(newModel.at, model);
}

/** The part that goes in front of the old file, written from its start to its end. */
class Front {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  /** Slots that point into the old file; known only when the front's length is. */
  readonly #pending: [slot: number, target: number][] = [];
  #end = 8; // root offset and file identifier

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  putU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  point(slot: number, target: number): void {
    this.putU32(slot, target - slot);
  }

  pointIntoOld(slot: number, target: number): void {
    this.#pending.push([slot, target]);
  }

  /** A table of 4-byte fields; a field exists once its slot was asked for. */
  table(fields: number): { at: number; slot(k: number): number } {
    const vtable = this.#end;
    const vtableSize = 4 + 2 * fields;
    this.#view.setUint16(vtable, vtableSize, true);
    this.#view.setUint16(vtable + 2, 4 + 4 * fields, true);
    const at = align(vtable + vtableSize, 4);
    this.#view.setInt32(at, at - vtable, true);
    this.#end = at + 4 + 4 * fields;
    return {
      at,
      slot: (k) => {
        this.#view.setUint16(vtable + 4 + 2 * k, 4 + 4 * k, true);
        return at + 4 + 4 * k;
      },
    };
  }

  /** A list of `length` offsets. */
  list(length: number): { at: number; slot(i: number): number } {
    const at = this.#end;
    this.putU32(at, length);
    this.#end = at + 4 + 4 * length;
    return { at, slot: (i) => at + 4 + 4 * i };
  }

  /** A string or byte list of `length`, its bytes aligned to `alignment`. */
  bytes(bytes: Uint8Array, length: number, alignment: number): number {
    const start = align(this.#end + 4, alignment);
    this.putU32(start - 4, length);
    this.#bytes.set(bytes, start);
    this.#end = align(start + bytes.length, 4);
    return start - 4;
  }

  join(root: number, old: Uint8Array): Uint8Array {
    const length = align(this.#end, 64);
    this.putU32(0, root);
    this.#bytes.set(new TextEncoder().encode('TFL3'), 4);
    for (const [slot, target] of this.#pending) this.point(slot, length + target);
    const whole = new Uint8Array(length + old.length);
    whole.set(this.#bytes.subarray(0, length));
    whole.set(old, length);
    return whole;
  }
}

function align(at: number, to: number): number {
  return Math.ceil(at / to) * to;
}
