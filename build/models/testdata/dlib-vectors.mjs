/**
 * Writes dlib-vectors.json beside this file: the embeddings that face-api's own implementation (FaceRecognitionNet on
 * TensorFlow.js' plain JavaScript backend, both from @vladmandic/face-api 1.7.15) computes for two synthetic pictures. It uses
 * the bundle for browsers and defines the few browser globals that the bundle looks for.
 *
 *     node build/models/testdata/dlib-vectors.mjs
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { filesOfPackage } from '../../fetch/files.ts';
import { dlibPictures } from './dlib-pictures.ts';

const PACKAGE = pathToFileURL(`${filesOfPackage('@vladmandic/face-api')}/`);
Object.assign(globalThis, {
  window: globalThis,
  document: { createElement: () => ({ getContext: () => null }), body: {} },
  addEventListener: () => undefined,
  postMessage: () => undefined,
});
const { tf, FaceRecognitionNet } = await import(new URL('dist/face-api.esm.js', PACKAGE).href);
await tf.setBackend('cpu');
await tf.ready();
const [{ weights }] = JSON.parse(readFileSync(new URL('model/face_recognition_model-weights_manifest.json', PACKAGE)));
const bytes = Uint8Array.from(readFileSync(new URL('model/face_recognition_model.bin', PACKAGE)));
const net = new FaceRecognitionNet();
net.loadFromWeightMap(tf.io.decodeWeights(bytes.buffer, weights));
const pictures = [];
for (const rgb of dlibPictures()) {
  const embedding = await net.computeFaceDescriptor(tf.tensor3d(Int32Array.from(rgb), [150, 150, 3], 'int32'));
  pictures.push({
    sha256: createHash('sha256').update(rgb).digest('hex'),
    embedding: [...embedding].map((v) => Number(v.toPrecision(8))),
  });
}
const made = `node build/models/testdata/dlib-vectors.mjs: face-api 1.7.15 on TensorFlow.js ${tf.version_core}, backend ${tf.getBackend()}; bytes (v − mean) / 255, not normalised`;
writeFileSync(new URL('dlib-vectors.json', import.meta.url), `${JSON.stringify({ made, pictures })}\n`);
