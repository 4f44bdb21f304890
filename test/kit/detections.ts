import type { Box } from '../../models/rules/image.ts';
import type { Detection, FaceCrop, FaceSample, FoundFace } from '../../renderer/kiosk/vision/messages.ts';

/** Made-up detections for tests: a 640 × 480 camera with an upright, frontal face by default. */
export const WIDTH = 640;
export const HEIGHT = 480;

/** A face whose box is centred at (x, y). `turn` shifts the nose, in eye distances; `tilt` rotates the eyes, in degrees. */
export function face({ x = 320, y = 240, size = 200, turn = 0, tilt = 0 } = {}): FoundFace {
  const eye = size * 0.2;
  const [c, s] = [Math.cos((tilt * Math.PI) / 180), Math.sin((tilt * Math.PI) / 180)];
  const at = (dx: number, dy: number): readonly [number, number] => [x + dx * c - dy * s, y + dx * s + dy * c];
  return {
    box: [x - size / 2, y - size / 2, size, size],
    score: 0.95,
    points: [at(-eye, -eye), at(eye, -eye), at(turn * 2 * eye, 0), at(0, eye), at(-2 * eye, 0), at(2 * eye, 0)],
  };
}

export const cropOf = (box: Box): FaceCrop => ({
  width: 16,
  height: 16,
  data: new Uint8Array(768),
  box,
  place: { x: 0, y: 0, scale: 1 },
});

/** A sample in good light; without a face, of an ordinary wall. */
export const sample = (f: FoundFace | null, change: Partial<NonNullable<FaceSample['face']>> = {}): FaceSample => ({
  frame: f ? null : { mean: 120, deviation: 40 },
  face: f ? { brightness: 130, contrast: 45, sharpness: 300, around: 80, ...change } : null,
  crop: f ? cropOf([4, 4, 8, 8]) : null,
});

export const detection = (at: number, faces: FoundFace[], seen: FaceSample | null = null): Detection => ({
  at,
  width: WIDTH,
  height: HEIGHT,
  faces,
  detectMs: 5,
  sample: seen,
});
