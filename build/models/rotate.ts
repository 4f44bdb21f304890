import { createHash } from 'node:crypto';
import { EMBEDDER, EMBEDDING_LENGTH } from '../../models/rules/manifest.ts';

/**
 * Another embedder out of the one that ships, to show that embedders can be exchanged: its embedding turned by an orthogonal
 * matrix. Cosines within the new space are those of the old one, so accuracy and thresholds stay; across the two spaces
 * they say nothing, as with any two embedders.
 *
 * An ONNX file is a protobuf message, and two of those written one behind the other are read as one whose lists are joined
 * (protobuf, "Last One Wins"): so the old file stays as it is, and what is appended adds a node, its matrix and an output.
 */

const SIZE = EMBEDDING_LENGTH;
const OLD = 'output';
const NEW = 'turned';

/** The file, and its entry for `embedders.json`. Deterministic. */
export function rotatedEmbedder(original: Uint8Array): { bytes: Uint8Array; entry: object } {
  const bytes = Buffer.concat([original, appended()]);
  const [output] = EMBEDDER.outputs;
  const entry = {
    file: 'fr_feature_turned.onnx',
    sha256: createHash('sha256').update(bytes).digest('hex'),
    input: EMBEDDER.input,
    outputs: [output!, { name: NEW, shape: output!.shape, meaning: 'embedding, turned' }],
    embedding: NEW,
    licence: EMBEDDER.licence,
    provenance: `${EMBEDDER.file}, its embedding turned by a Hadamard matrix with signs`,
  };
  return { bytes, entry };
}

/** Sylvester's Hadamard matrix over √n, columns with signs of a fixed sequence: orthogonal, and far from the identity. */
function matrix(): Buffer {
  const values = new Float32Array(SIZE * SIZE);
  const bits = (n: number): number => (n === 0 ? 0 : (n & 1) + bits(n >>> 1));
  for (let i = 0; i < SIZE; i++)
    for (let j = 0; j < SIZE; j++) {
      const sign = bits((j * 2_654_435_761) >>> 0) % 2 ? -1 : 1;
      values[i * SIZE + j] = ((bits(i & j) % 2 ? -1 : 1) * sign) / Math.sqrt(SIZE);
    }
  return Buffer.from(values.buffer);
}

/** ModelProto { graph: GraphProto { node, initializer, output } }; numbers of fields are those of onnx.proto. */
function appended(): Buffer {
  const weight = 'turn.matrix';
  const node = message([
    [1, text(OLD)],
    [1, text(weight)],
    [2, text(NEW)],
    [3, text('turn')],
    [4, text('MatMul')],
  ]);
  const initializer = message([
    [1, varint(SIZE)],
    [1, varint(SIZE)],
    [2, varint(1)],
    [8, text(weight)],
    [9, matrix()],
  ]);
  const shape = Buffer.concat([field(1, message([[1, varint(1)]])), field(1, message([[1, varint(SIZE)]]))]);
  const tensor = message([
    [1, varint(1)],
    [2, shape],
  ]);
  const output = message([
    [1, text(NEW)],
    [2, message([[1, tensor]])],
  ]);
  return field(
    7,
    message([
      [1, node],
      [5, initializer],
      [12, output],
    ]),
  );
}

type Value = Buffer | { readonly varint: number };
const text = (value: string): Buffer => Buffer.from(value, 'utf8');
const varint = (value: number): Value => ({ varint: value });

function message(fields: readonly (readonly [number, Value])[]): Buffer {
  return Buffer.concat(fields.map(([number, value]) => field(number, value)));
}

function field(number: number, value: Value): Buffer {
  if (!Buffer.isBuffer(value)) return Buffer.concat([encode(number << 3), encode(value.varint)]);
  return Buffer.concat([encode((number << 3) | 2), encode(value.length), value]);
}

function encode(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}
