import { type Initializer, type Node, onnxModel } from './onnx.ts';

/**
 * dlib's face recognition network (`dlib_face_recognition_resnet_model_v1`) as an ONNX file, made from the weights that
 * `@vladmandic/face-api` contains for TensorFlow.js.
 *
 * The network (dlib, examples/dnn_face_recognition_ex.cpp; face-api, src/faceRecognitionNet): a 7×7 convolution of stride 2,
 * max pooling 3×3 of stride 2, and fourteen residual blocks of two 3×3 convolutions each. A block that halves the picture takes
 * its shortcut through average pooling 2×2, padded with channels of zeros, and pads its own result below and to the right
 * if that is smaller. Then comes the mean over the picture, and a layer without bias from 256 to 128 numbers. Each convolution
 * is followed by a factor and a term per channel (frozen batch normalisation), which are folded into the convolution here.
 */

/** One tensor of the weights' manifest, in file order. With `quantization`, a weight is one byte: value · scale + min. */
interface ManifestTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: { readonly dtype: string; readonly scale: number; readonly min: number };
}
type Manifest = readonly { readonly weights: readonly ManifestTensor[] }[];

export const DLIB_SIDE = 150;
export const DLIB_LENGTH = 128;

/** Blocks in order: name, channels, and whether the block halves the picture. */
const BLOCKS: readonly (readonly [name: string, channels: number, halves: boolean])[] = [
  ['conv32_1', 32, false],
  ['conv32_2', 32, false],
  ['conv32_3', 32, false],
  ['conv64_down', 64, true],
  ['conv64_1', 64, false],
  ['conv64_2', 64, false],
  ['conv64_3', 64, false],
  ['conv128_down', 128, true],
  ['conv128_1', 128, false],
  ['conv128_2', 128, false],
  ['conv256_down', 256, true],
  ['conv256_1', 256, false],
  ['conv256_2', 256, false],
  ['conv256_down_out', 256, true],
];

/**
 * @param manifest text of `face_recognition_model-weights_manifest.json`
 * @param weights bytes of `face_recognition_model.bin`
 * @returns the ONNX file: `input` [1, 3, 150, 150] to `output` [1, 128], not normalised. Deterministic.
 * @throws RangeError when manifest and weights do not belong together
 */
export function dlibOnnx(manifest: string, weights: Uint8Array): Uint8Array {
  const tensors = dequantised(JSON.parse(manifest) as Manifest, weights);
  const take = (name: string) => {
    const found = tensors.get(name);
    if (!found) throw new RangeError(`the weights have no ${name}`);
    return found;
  };
  const nodes: Node[] = [];
  const initializers: Initializer[] = [];
  const add = (op: string, inputs: readonly string[], output: string, attributes: Node['attributes'] = {}): string => {
    nodes.push({ op, inputs, output, attributes });
    return output;
  };
  const hold = (name: string, shape: readonly number[], values: Initializer['values']): string => {
    initializers.push({ name, shape, values });
    return name;
  };
  /** Adds the convolution `name` with its factor and term. `padded`: whether the picture gets a border of zeros. */
  const convolution = (input: string, name: string, stride: number, padded: boolean): string => {
    const { shape, values, bias } = folded(take, name);
    const inputs = [input, hold(`${name}.weight`, shape, values), hold(`${name}.bias`, [bias.length], bias)];
    const pad = padded ? 1 : 0;
    return add('Conv', inputs, name, {
      kernel_shape: shape.slice(2),
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
    });
  };
  const relu = (input: string): string => add('Relu', [input], `${input}.relu`);

  let size = Math.floor((DLIB_SIDE - 7) / 2) + 1;
  let at = relu(convolution('input', 'conv32_down', 2, false));
  at = add('MaxPool', [at], 'pool', { kernel_shape: [3, 3], strides: [2, 2] });
  size = Math.floor((size - 3) / 2) + 1;
  let channels = 32;
  for (const [name, wide, halves] of BLOCKS) {
    const first = relu(convolution(at, `${name}/conv1`, halves ? 2 : 1, !halves));
    let own = convolution(first, `${name}/conv2`, 1, true);
    let shortcut = at;
    if (halves) {
      const pooled = Math.floor(size / 2);
      const left = Math.floor((size - 3) / 2) + 1;
      shortcut = add('AveragePool', [at], `${name}.half`, { kernel_shape: [2, 2], strides: [2, 2] });
      const widths = (after: readonly number[]) => BigInt64Array.from([0, 0, 0, 0, ...after].map(BigInt));
      if (wide > channels) {
        const pads = hold(`${name}.channels`, [8], widths([0, wide - channels, 0, 0]));
        shortcut = add('Pad', [shortcut, pads], `${name}.widened`);
      }
      if (left < pooled) {
        const pads = hold(`${name}.edges`, [8], widths([0, 0, pooled - left, pooled - left]));
        own = add('Pad', [own, pads], `${name}.filled`);
      }
      size = pooled;
    }
    at = relu(add('Add', [shortcut, own], `${name}.sum`));
    channels = wide;
  }
  const mean = add('Flatten', [add('GlobalAveragePool', [at], 'mean')], 'features', { axis: 1 });
  const { shape, values } = take('fc');
  add('MatMul', [mean, hold('fc', shape, values)], 'output');
  return onnxModel(
    {
      name: 'dlib_face_recognition_resnet_model_v1',
      input: { name: 'input', shape: [1, 3, DLIB_SIDE, DLIB_SIDE] },
      output: { name: 'output', shape: [1, DLIB_LENGTH] },
      nodes,
      initializers,
    },
    'smartpresence',
  );
}

interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Returns all tensors as float32, in the manifest's layout. */
function dequantised(manifest: Manifest, weights: Uint8Array): Map<string, Tensor> {
  const view = new DataView(weights.buffer, weights.byteOffset, weights.byteLength);
  const tensors = new Map<string, Tensor>();
  let at = 0;
  for (const { name, shape, dtype, quantization } of manifest.flatMap((group) => group.weights)) {
    if (dtype !== 'float32' || (quantization && quantization.dtype !== 'uint8'))
      throw new RangeError(`${name} is of an unknown type`);
    const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
    const step = quantization ? 1 : 4;
    if (at + values.length * step > weights.length) throw new RangeError(`the weights end within ${name}`);
    for (let i = 0; i < values.length; i++, at += step)
      values[i] = quantization ? view.getUint8(at) * quantization.scale + quantization.min : view.getFloat32(at, true);
    tensors.set(name, { shape, values });
  }
  if (at !== weights.length) throw new RangeError('the weights are longer than their manifest says');
  return tensors;
}

/**
 * Folds the factor and term after a convolution into it: (w∗x + b)·f + t = (w·f)∗x + (b·f + t).
 * Converts from TensorFlow's layout (height, width, in, out) to ONNX's (out, in, height, width).
 */
function folded(take: (name: string) => Tensor, name: string): Tensor & { readonly bias: Float32Array } {
  const filters = take(`${name}/conv/filters`);
  const [height, width, depth, out] = filters.shape as [number, number, number, number];
  const { values: factor } = take(`${name}/scale/weights`);
  const { values: term } = take(`${name}/scale/biases`);
  const { values: before } = take(`${name}/conv/bias`);
  const values = new Float32Array(filters.values.length);
  let at = 0;
  for (let o = 0; o < out; o++)
    for (let i = 0; i < depth; i++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          values[at++] = filters.values[((y * width + x) * depth + i) * out + o]! * factor[o]!;
  const bias = Float32Array.from({ length: out }, (_, o) => before[o]! * factor[o]! + term[o]!);
  return { shape: [out, depth, height, width], values, bias };
}
