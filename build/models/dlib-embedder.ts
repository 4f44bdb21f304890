import { join } from 'node:path';
import type { EmbedderEntry } from '../../models/rules/recipe.ts';
import { filesOfPackage } from '../fetch/files.ts';
import { DLIB_LENGTH, DLIB_SIDE, dlibOnnx } from './dlib.ts';
import { readPinned, requireMade } from './pinned.ts';

/**
 * The second embedder that this project can make: dlib's, for a buyer whose lawyers reject the one that ships, and to show
 * that embedders can be exchanged. No build includes it; docs/operate/embedders.md says how to install it on server and kiosks.
 */

const PACKAGE = '@vladmandic/face-api';
const SOURCES = {
  'model/face_recognition_model-weights_manifest.json':
    'cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b',
  'model/face_recognition_model.bin': 'b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589',
} as const;

export const DLIB_ENTRY: EmbedderEntry = {
  file: 'dlib_face_recognition_resnet_v1.onnx',
  sha256: '899c7eb76c65f5e16fa418590b93cdb628622e6ce7f58f71adbdd497e8f5e7cc',
  input: 'input',
  output: 'output',
  length: DLIB_LENGTH,
  recipe: {
    side: DLIB_SIDE,
    channels: 'RGB',
    layout: 'NCHW',
    mean: [122.782, 117.001, 104.298],
    std: [256, 256, 256],
    crop: { template: 'face-chip', padding: 0.25 },
  },
  // Of 230 comparisons between women in six photos, 23 scored 0.91 or more and 3 scored 0.926: a hard set, and a tiny one. The
  // line through both points reaches 1e-3 at 0.945. dlib's own limit, a distance of 0.6, is a cosine of about 0.9: too lax here.
  calibration: {
    verification: 0.945,
    curve: [
      { threshold: 0.91, fmr: 23 / 230 },
      { threshold: 0.926, fmr: 3 / 230 },
    ],
  },
  licence:
    'Public domain by Davis King, who made the weights (dlib-models, README); MIT by @vladmandic/face-api, whose copy of them this is',
  provenance:
    "dlib's dlib_face_recognition_resnet_model_v1, most of it rounded to 8 bits by face-api. Davis King says: trained from scratch " +
    'on about 3 million pictures of 7,485 people out of FaceScrub, VGG Face and the web. Whether these people agreed, or what the ' +
    'terms of those sets mean for the weights, is said nowhere',
  limits: [
    'Thresholds to begin with rest on 230 comparisons of 22 faces: measure them on faces of the site (faces eval).',
    'Distinguishes people less well than the one that ships: enough for tens of people, and not for a thousand.',
    'dlib fits 33 landmarks to its mean face, this pipeline five of them; dlib smooths a picture before it makes it smaller.',
    'LFW, by its author: 99.38 % at a distance of 0.6. Error rates by skin tone, age and sex are not known.',
  ],
};

/**
 * Makes the ONNX file from the package's files. All are verified against their pinned hashes.
 * @param folder of the package; other than the default only in tests
 * @throws Problem `model-source-missing`, `model-source-altered`, `model-prepare-failed`
 */
export function makeDlibEmbedder(folder = filesOfPackage(PACKAGE)): Uint8Array {
  const [manifest, weights] = Object.entries(SOURCES).map(([path, sha256]) => readPinned(join(folder, path), sha256));
  const onnx = dlibOnnx(Buffer.from(manifest!).toString('utf8'), weights!);
  return requireMade(DLIB_ENTRY.file, onnx, DLIB_ENTRY.sha256);
}
