/**
 * Writes ONNX files without a library: protocol buffers (protobuf.dev, "Encoding") with the field numbers of onnx.proto. Only
 * the part of the format that a feed-forward network of float32 needs.
 */

/** A constant float32 tensor of the graph, or an int64 tensor where an operator requires one (Pad's widths). */
export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array;
}

/** An operator. Attributes are integers or lists of them. */
export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface Graph {
  readonly name: string;
  readonly input: { readonly name: string; readonly shape: readonly number[] };
  readonly output: { readonly name: string; readonly shape: readonly number[] };
  /** In topological order: a node's inputs are computed before it. */
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
}

/** Operator set of ONNX 1.8. MaxPool, Conv and Pad already mean what they do today, and every runtime supports them. */
const OPSET = 13;
/** Version of the file format that belongs to this operator set. */
const IR_VERSION = 7;
const FLOAT = 1;
const INT64 = 7;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;

/** Returns the bytes of a ModelProto. Deterministic. */
export function onnxModel(graph: Graph, producer: string): Uint8Array {
  return message([
    [1, IR_VERSION],
    [2, text(producer)],
    [7, graphOf(graph)],
    [
      8,
      message([
        [1, text('')],
        [2, OPSET],
      ]),
    ],
  ]);
}

function graphOf({ name, input, output, nodes, initializers }: Graph): Buffer {
  return message([
    ...nodes.map((node): Field => [1, nodeOf(node)]),
    [2, text(name)],
    ...initializers.map((tensor): Field => [5, tensorOf(tensor)]),
    [11, valueInfo(input)],
    [12, valueInfo(output)],
  ]);
}

function nodeOf({ op, inputs, output, attributes = {} }: Node): Buffer {
  return message([
    ...inputs.map((name): Field => [1, text(name)]),
    [2, text(output)],
    [3, text(output)],
    [4, text(op)],
    ...Object.entries(attributes).map(
      ([name, value]): Field => [
        5,
        message(
          typeof value === 'number'
            ? [
                [1, text(name)],
                [3, value],
                [20, ATTRIBUTE_INT],
              ]
            : [[1, text(name)], ...value.map((one): Field => [8, one]), [20, ATTRIBUTE_INTS]],
        ),
      ],
    ),
  ]);
}

function tensorOf({ name, shape, values }: Initializer): Buffer {
  return message([
    ...shape.map((size): Field => [1, size]),
    [2, values instanceof Float32Array ? FLOAT : INT64],
    [8, text(name)],
    [9, littleEndian(values)],
  ]);
}

function valueInfo({ name, shape }: { readonly name: string; readonly shape: readonly number[] }): Buffer {
  const dimensions = message(shape.map((size): Field => [1, message([[1, size]])]));
  const tensor = message([
    [1, FLOAT],
    [2, dimensions],
  ]);
  return message([
    [1, text(name)],
    [2, message([[1, tensor]])],
  ]);
}

function littleEndian(values: Float32Array | BigInt64Array): Buffer {
  const bytes = Buffer.alloc(values.byteLength);
  if (values instanceof Float32Array) values.forEach((value, i) => void bytes.writeFloatLE(value, 4 * i));
  else values.forEach((value, i) => void bytes.writeBigInt64LE(value, 8 * i));
  return bytes;
}

/** A field's number and value: bytes, or a non-negative integer. */
type Field = readonly [number, Buffer | number];

const text = (value: string): Buffer => Buffer.from(value, 'utf8');

function message(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([field, value]) =>
      typeof value === 'number'
        ? [varint(field * 8), varint(value)]
        : [varint(field * 8 + 2), varint(value.length), value],
    ),
  );
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
