import { Builder, ByteBuffer } from 'flatbuffers';

/**
 * MediaPipe's tasks refuse a model with a float input that does not say how its input is normalised. The face
 * detector's file on npm lacks that metadata, so this adds it. Fields and their numbers are those of TensorFlow Lite's
 * `metadata_schema.fbs` (ModelMetadata, M001) and `schema.fbs` (Model, TFL3).
 */

/** Normalisation of the input picture, `value = (byte − mean) / std`, and the names of the output tensors. */
export interface ImageInput {
  readonly mean: number;
  readonly std: number;
  readonly outputs: readonly string[];
}

/** Name of the ModelMetadata buffer in a Model's metadata list. */
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
/** First version of the metadata schema that has all fields used here. */
const MIN_PARSER_VERSION = '1.5.0';

/** Writes a table whose fields are added by `fill`. */
function table(b: Builder, fields: number, fill: () => void): number {
  b.startObject(fields);
  fill();
  return b.endObject();
}

function list(b: Builder, items: readonly number[]): number {
  b.startVector(4, items.length, 4);
  for (const item of items.toReversed()) b.addOffset(item);
  return b.endVector();
}

/** Returns the ModelMetadata flatbuffer for a model that takes one RGB picture. The same input gives the same bytes. */
export function imageMetadata(name: string, input: ImageInput): Uint8Array {
  const b = new Builder(1024);
  const floats = (value: number) => {
    b.startVector(4, 1, 4);
    b.addFloat32(value);
    return b.endVector();
  };

  const mean = floats(input.mean);
  const std = floats(input.std);
  const options = table(b, FIELD.normalizationOptions.count, () => {
    b.addFieldOffset(FIELD.normalizationOptions.mean, mean, 0);
    b.addFieldOffset(FIELD.normalizationOptions.std, std, 0);
  });
  const unit = table(b, FIELD.processUnit.count, () => {
    b.addFieldInt8(FIELD.processUnit.optionsType, NORMALIZATION_OPTIONS, 0);
    b.addFieldOffset(FIELD.processUnit.options, options, 0);
  });
  const units = list(b, [unit]);
  const max = floats((255 - input.mean) / input.std);
  const min = floats((0 - input.mean) / input.std);
  const stats = table(b, FIELD.stats.count, () => {
    b.addFieldOffset(FIELD.stats.max, max, 0);
    b.addFieldOffset(FIELD.stats.min, min, 0);
  });
  const properties = table(b, FIELD.imageProperties.count, () => {
    b.addFieldInt8(FIELD.imageProperties.colorSpace, COLOR_SPACE_RGB, 0);
  });
  const content = table(b, FIELD.content.count, () => {
    b.addFieldInt8(FIELD.content.propertiesType, IMAGE_PROPERTIES, 0);
    b.addFieldOffset(FIELD.content.properties, properties, 0);
  });
  const inputName = b.createString('image');
  const inputTensor = table(b, FIELD.tensorMetadata.count, () => {
    b.addFieldOffset(FIELD.tensorMetadata.name, inputName, 0);
    b.addFieldOffset(FIELD.tensorMetadata.content, content, 0);
    b.addFieldOffset(FIELD.tensorMetadata.processUnits, units, 0);
    b.addFieldOffset(FIELD.tensorMetadata.stats, stats, 0);
  });
  const outputTensors = input.outputs.map((output) => {
    const outputName = b.createString(output);
    return table(b, FIELD.tensorMetadata.count, () => b.addFieldOffset(FIELD.tensorMetadata.name, outputName, 0));
  });
  const inputs = list(b, [inputTensor]);
  const outputs = list(b, outputTensors);
  const subgraph = table(b, FIELD.subGraphMetadata.count, () => {
    b.addFieldOffset(FIELD.subGraphMetadata.inputs, inputs, 0);
    b.addFieldOffset(FIELD.subGraphMetadata.outputs, outputs, 0);
  });
  const subgraphs = list(b, [subgraph]);
  const modelName = b.createString(name);
  const parser = b.createString(MIN_PARSER_VERSION);
  const metadata = table(b, FIELD.modelMetadata.count, () => {
    b.addFieldOffset(FIELD.modelMetadata.name, modelName, 0);
    b.addFieldOffset(FIELD.modelMetadata.subgraphs, subgraphs, 0);
    b.addFieldOffset(FIELD.modelMetadata.minParserVersion, parser, 0);
  });
  b.finish(metadata, 'M001');
  return b.asUint8Array().slice();
}

/**
 * Returns the model file with `metadata` added under TFLITE_METADATA.
 *
 * Offsets of a flatbuffer only point forwards, so a new root in front of the old file can reach everything in it: the
 * result is a new Model table, new lists of buffers and metadata (old entries plus one), then the old file untouched.
 * The front is padded to 64 bytes, which keeps the alignment of the weights.
 *
 * @throws RangeError when `model` is not a TFL3 file or already has metadata of this name
 */
export function addMetadata(model: Uint8Array, metadata: Uint8Array): Uint8Array {
  const old = new ByteBuffer(model);
  if (model.length < 8 || !old.__has_identifier('TFL3')) throw new RangeError('not a TensorFlow Lite model (TFL3)');
  const root = old.readInt32(0);
  /** Position in the old file of the value of the root's field `k`; 0 if absent. */
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

  const b = new Builder(1024);
  b.prep(64, 0);
  // A builder counts offsets from the end of its output, which is where the old file begins.
  const inOld = (position: number) => -position;
  // Metadata { name: string; buffer: uint } and Buffer { data: [ubyte] }.
  b.startVector(1, metadata.length, 16);
  for (const byte of metadata.toReversed()) b.addInt8(byte);
  const data = b.endVector();
  const buffer = table(b, 1, () => b.addFieldOffset(0, data, 0));
  const name = b.createString(METADATA_NAME);
  const entry = table(b, 2, () => {
    b.addFieldOffset(0, name, 0);
    b.addFieldInt32(1, oldBuffers.length, 0);
  });
  const buffers = list(b, [...oldBuffers.map(inOld), buffer]);
  const metadataList = list(b, [...oldMetadata.map(inOld), entry]);
  const version = old.__offset(root, 4);
  const { count, ...replaced } = FIELD.model;
  const newModel = table(b, count, () => {
    b.addFieldInt32(replaced.version, version ? old.readInt32(root + version) : 3, 0);
    b.addFieldOffset(replaced.buffers, buffers, 0);
    b.addFieldOffset(replaced.metadata, metadataList, 0);
    for (let k = 0; k < count; k++)
      if (!Object.values<number>(replaced).includes(k)) b.addFieldOffset(k, inOld(rootField(k)), 0);
  });
  b.finish(newModel, 'TFL3');
  return Buffer.concat([b.asUint8Array(), model]);
}
