import { type Calibration, FR_FEATURE } from './decision.ts';
import type { FaceRecipe, PassiveLivenessEntry } from './recipe.ts';

/**
 * Every weight file that this product ships, pinned by SHA-256, with what is known and unknown about it. A file that doesn't
 * match its hash is never loaded. To use another detector or embedder, add an entry here and the file. Templates carry their
 * model's id and are never compared across models.
 */

/** An input or output tensor of a model. All are float32. */
interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly meaning: string;
}

export interface WeightFile {
  /** File name in the prepared folder's `weights/`. */
  readonly file: string;
  readonly task: 'face-box' | 'landmarks' | 'embedding' | 'passive-liveness';
  readonly runs: 'browser' | 'node';
  readonly source: {
    readonly package: string;
    readonly version: string;
    readonly path: string;
    readonly sha256: string;
  };
  /** `copy`, or `add-image-metadata`: MediaPipe's NormalizationOptions with this mean and std. */
  readonly prepare:
    | { readonly step: 'copy' }
    | { readonly step: 'add-image-metadata'; readonly mean: number; readonly std: number };
  /** SHA-256 of the prepared file, as loaded. */
  readonly sha256: string;
  readonly input: TensorSpec;
  readonly outputs: readonly TensorSpec[];
  /** How a byte (0..255) becomes an input value. */
  readonly normalisation: string;
  readonly licence: string;
  readonly provenance: string;
  readonly limits: readonly string[];
}

/** An embedder: its file, its input recipe, and the calibration of its scores. It has one output, the embedding. */
export interface EmbedderFile extends WeightFile {
  readonly recipe: FaceRecipe;
  /** Number of values in an embedding. */
  readonly length: number;
  readonly calibration: Calibration;
}

/**
 * A model that judges from one picture whether the face is live. None ships, because its licence and training pictures would have
 * to be known. It has one output, one number per class.
 */
export interface PassiveLivenessFile extends WeightFile, Pick<PassiveLivenessEntry, 'live' | 'scores' | 'threshold'> {
  readonly recipe: PassiveLivenessEntry['recipe'];
}

/** A file that isn't weights but must match its hash too: MediaPipe's runtime. */
export interface RuntimeFile {
  /** File name in the prepared folder's `mediapipe/`. */
  readonly file: string;
  readonly source: { readonly package: string; readonly version: string; readonly path: string };
  readonly sha256: string;
  readonly licence: string;
}

const FACEPLUGIN = { package: 'faceplugin-face-recognition-js', version: '0.0.1' } as const;
const TASKS_VISION = { package: '@mediapipe/tasks-vision', version: '0.10.21' } as const;

const FACEPLUGIN_LICENCE =
  'MIT by the package it comes in (its LICENSE names "gitguanqi"); nothing separate is said of weights or training data';
const FACEPLUGIN_PROVENANCE =
  'UNKNOWN: the package does not say who trained these weights, on which pictures, or with whose consent';

export const FACE_BOX_BROWSER: WeightFile = {
  file: 'face_detection_short_range.tflite',
  task: 'face-box',
  runs: 'browser',
  source: {
    package: '@mediapipe/face_detection',
    version: '0.4.1657300184',
    path: 'face_detection_short_range.tflite',
    sha256: '3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633',
  },
  prepare: { step: 'add-image-metadata', mean: 127.5, std: 127.5 },
  sha256: 'ce7f43dea20737ed58ed0de58e981ecbe7b518bee1f63deaa8d3d9e885361d24',
  input: { name: 'input', shape: [1, 128, 128, 3], meaning: 'RGB picture, letterboxed by MediaPipe' },
  outputs: [
    { name: 'regressors', shape: [1, 896, 16], meaning: 'box and six points by anchor' },
    { name: 'classificators', shape: [1, 896, 1], meaning: 'logit of a face by anchor' },
  ],
  normalisation: '(v − 127.5) / 127.5, RGB',
  licence: 'Apache-2.0',
  provenance: 'Google MediaPipe, BlazeFace short range; the training pictures are not published',
  limits: [
    'Made for faces within about two metres of the camera.',
    "The normalisation is that of MediaPipe's own face_detection graph; the file itself does not state it.",
    'Missed 0 of 61, 0 of 40 and 0 of 400 faces of three small sets; nothing larger was measured here.',
  ],
};

export const FACE_BOX_NODE: WeightFile = {
  file: 'fr_detect.onnx',
  task: 'face-box',
  runs: 'node',
  source: {
    ...FACEPLUGIN,
    path: 'model/fr_detect.onnx',
    sha256: '6c0256ccd3164f844736a401faf936ec2930764a87ae39442180887d0c5c8854',
  },
  prepare: { step: 'copy' },
  sha256: '6c0256ccd3164f844736a401faf936ec2930764a87ae39442180887d0c5c8854',
  input: { name: 'input', shape: [1, 3, 240, 320], meaning: 'RGB planes, the picture stretched to 320×240' },
  outputs: [
    { name: 'scores', shape: [1, 4420, 2], meaning: 'no face, face; 0..1' },
    { name: 'boxes', shape: [1, 4420, 4], meaning: 'left, top, right, bottom; 0..1 of the picture' },
  ],
  normalisation: '(v − 127) / 128, RGB',
  licence: FACEPLUGIN_LICENCE,
  provenance: FACEPLUGIN_PROVENANCE,
  limits: [
    'Misses faces that fill the picture or touch its edge unless the picture gets a border first.',
    'Nothing is known of how well it finds faces of different skin tones, ages or sexes.',
  ],
};

export const LANDMARKS_NODE: WeightFile = {
  file: 'fr_landmark.onnx',
  task: 'landmarks',
  runs: 'node',
  source: {
    ...FACEPLUGIN,
    path: 'model/fr_landmark.onnx',
    sha256: 'f10b0ba1d2a8a099adefede1ebf3733e44fe370715e7303dbeb7f59c02142258',
  },
  prepare: { step: 'copy' },
  sha256: 'f10b0ba1d2a8a099adefede1ebf3733e44fe370715e7303dbeb7f59c02142258',
  input: { name: 'input', shape: [1, 1, 64, 64], meaning: 'luma of the square face crop' },
  outputs: [{ name: 'output', shape: [1, 136], meaning: '68 points (iBUG order), x then y, 0..1 of the crop' }],
  normalisation: 'luma / 256',
  licence: FACEPLUGIN_LICENCE,
  provenance: FACEPLUGIN_PROVENANCE,
  limits: [
    'Always gives 68 points, whether or not there is a face; it says nothing of its own certainty.',
    'Near-profile faces come out flatter than they are.',
  ],
};

export const EMBEDDER: EmbedderFile = {
  file: 'fr_feature.onnx',
  task: 'embedding',
  runs: 'node',
  source: {
    ...FACEPLUGIN,
    path: 'model/fr_feature.onnx',
    sha256: '87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581',
  },
  prepare: { step: 'copy' },
  sha256: '87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581',
  input: { name: 'input', shape: [1, 3, 112, 112], meaning: 'B, G, R planes of the aligned crop' },
  outputs: [{ name: 'output', shape: [1, 512], meaning: 'embedding, not normalised' }],
  normalisation: '(v − 127) / 128, BGR',
  recipe: {
    side: 112,
    channels: 'BGR',
    layout: 'NCHW',
    mean: [127, 127, 127],
    std: [128, 128, 128],
    crop: { template: 'arcface' },
  },
  length: 512,
  calibration: FR_FEATURE,
  licence: FACEPLUGIN_LICENCE,
  provenance: FACEPLUGIN_PROVENANCE,
  limits: [
    'AT&T faces: EER 0.0008, TAR 0.999 at FAR 1e-3. A hard set of 12,800 small grey pictures of 5,600 people: EER 0.015, TAR 0.973 at 1e-3.',
    "Error rates by skin tone, age and sex are not known: measure on the site's own people before relying on it.",
    "BGR rather than the package's RGB rests on one set of 13 people: a preference, not a proof.",
  ],
};

/** All weights, in the order in which the pipeline uses them. Excludes the package's age, gender and liveness weights. */
export const WEIGHTS: readonly WeightFile[] = [FACE_BOX_BROWSER, FACE_BOX_NODE, LANDMARKS_NODE, EMBEDDER];

/** MediaPipe's WebAssembly, served with the screens. */
export const MEDIAPIPE_RUNTIME: readonly RuntimeFile[] = [
  ['vision_wasm_internal.js', '4a97e2520ba506c680ecd6ba6acfb146888afa0e2746d57f205352bc6ebb82eb'],
  ['vision_wasm_internal.wasm', 'f00ec4731faa23b3e714d00e88d4d10e2df5c0a427d3a2b4ae6e3526fdd14ef7'],
  ['vision_wasm_nosimd_internal.js', '927def7b465c51b86e4b3060f93646aca4e27121f4b8fc0483786e407ea9cf1f'],
  ['vision_wasm_nosimd_internal.wasm', '3821ea9b1f7fb8c549ef2a064ef5c85750bf375c545a49fd6eea0df44a95f1f4'],
].map(([file, sha256]) => ({
  file: file!,
  source: { ...TASKS_VISION, path: `wasm/${file}` },
  sha256: sha256!,
  licence: 'Apache-2.0',
}));

/** Returns the id that templates carry: the embedder's name and the first 12 hex digits of its hash. */
export const embedderId = ({ file, sha256 }: Pick<WeightFile, 'file' | 'sha256'>): string =>
  `${file.replace(/\.onnx$/, '')}@${sha256.slice(0, 12)}`;
/** Id of the embedder that ships. */
export const EMBEDDER_ID = embedderId(EMBEDDER);
