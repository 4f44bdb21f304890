import type { Point, RgbImage } from '../../models/rules/image.ts';

/**
 * Simulated presentation attacks: a picture of a face, printed on paper, moved in front of a pinhole camera. Geometry is exact
 * (ray against plane or cylinder). Paper, ink, light and sensor are not simulated, so numbers from these are *simulated* and do
 * not show how a print looks to a texture detector.
 */
export interface PaperPose {
  /** Rotation about the vertical axis, degrees; positive turns the print towards the right of the picture. */
  readonly yaw: number;
  /** Rotation about the horizontal axis, degrees. */
  readonly pitch?: number;
  /** Rotation in the picture plane, degrees. */
  readonly roll?: number;
  /** Distance of the middle of the face from the camera, in millimetres of a life-size print. */
  readonly distance: number;
  /** Sideways and down, millimetres. */
  readonly x?: number;
  readonly y?: number;
  /** Radius in millimetres of the cylinder (vertical axis) round which the paper is bent, convex to the camera; 0 = flat. */
  readonly bend?: number;
}

export interface Print {
  readonly picture: RgbImage;
  /** The point of the picture at the middle of the face, pixels. */
  readonly centre: Point;
  /** Millimetres per pixel of the picture on the life-size print (63 mm between the eyes). */
  readonly scale: number;
}

export interface Camera {
  readonly width: number;
  readonly height: number;
  /** Focal length in pixels; 554 is a webcam of 60° at 640 wide. */
  readonly focal: number;
}

export const WEBCAM: Camera = { width: 640, height: 480, focal: 554 };

/** Makes a life-size print of a face with these 68 landmarks. */
export function printOf(picture: RgbImage, landmarks: readonly Point[]): Print {
  const mean = (from: number, to: number): Point => {
    let x = 0;
    let y = 0;
    for (let i = from; i <= to; i++) {
      x += landmarks[i]![0];
      y += landmarks[i]![1];
    }
    return [x / (to - from + 1), y / (to - from + 1)];
  };
  const right = mean(36, 41);
  const left = mean(42, 47);
  return { picture, centre: landmarks[30]!, scale: 63 / Math.hypot(left[0] - right[0], left[1] - right[1]) };
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Returns the rotation matrix yaw · pitch · roll, row-major, x right, y down, z away from the camera. */
function rotation(pose: PaperPose): readonly number[] {
  // Positive yaw turns the print's normal (towards the camera, -z) to +x.
  const [sy, cy] = [Math.sin(radians(pose.yaw)), Math.cos(radians(pose.yaw))];
  const [sp, cp] = [Math.sin(radians(pose.pitch ?? 0)), Math.cos(radians(pose.pitch ?? 0))];
  const [sr, cr] = [Math.sin(radians(pose.roll ?? 0)), Math.cos(radians(pose.roll ?? 0))];
  const y = [cy, 0, -sy, 0, 1, 0, sy, 0, cy];
  const p = [1, 0, 0, 0, cp, -sp, 0, sp, cp];
  const r = [cr, -sr, 0, sr, cr, 0, 0, 0, 1];
  const times = (a: readonly number[], b: readonly number[]) =>
    Array.from({ length: 9 }, (_, k) => {
      const i = Math.floor(k / 3) * 3;
      const j = k % 3;
      return a[i]! * b[j]! + a[i + 1]! * b[j + 3]! + a[i + 2]! * b[j + 6]!;
    });
  return times(times(y, p), r);
}

/**
 * Finds where the ray from the camera's centre through (dx, dy, 1) meets the paper, in the print's own millimetres, and writes it
 * to `hit`. Returns false when it misses. Uses plain numbers because it runs for each pixel.
 */
function meet(dx: number, dy: number, rot: readonly number[], pose: PaperPose, hit: Float64Array): boolean {
  const tx = pose.x ?? 0;
  const ty = pose.y ?? 0;
  const tz = pose.distance;
  const bend = pose.bend ?? 0;
  // Into the print's frame: o = -Rᵀt, e = Rᵀd.
  const ox = -(rot[0]! * tx + rot[3]! * ty + rot[6]! * tz);
  const oy = -(rot[1]! * tx + rot[4]! * ty + rot[7]! * tz);
  const oz = -(rot[2]! * tx + rot[5]! * ty + rot[8]! * tz) - bend;
  const ex = rot[0]! * dx + rot[3]! * dy + rot[6]!;
  const ey = rot[1]! * dx + rot[4]! * dy + rot[7]!;
  const ez = rot[2]! * dx + rot[5]! * dy + rot[8]!;
  if (bend === 0) {
    const k = -oz / ez;
    hit[0] = ox + k * ex;
    hit[1] = oy + k * ey;
    return k > 0 && Number.isFinite(k);
  }
  // Cylinder about the line x = 0, z = bend: its near side touches the plane z = 0 at the middle of the face.
  const a = ex * ex + ez * ez;
  const b = ox * ex + oz * ez;
  const root = b * b - a * (ox * ox + oz * oz - bend * bend);
  if (root < 0) return false;
  const k = (-b - Math.sqrt(root)) / a;
  const angle = Math.atan2(ox + k * ex, -(oz + k * ez));
  hit[0] = bend * angle;
  hit[1] = oy + k * ey;
  return k > 0 && Math.abs(angle) < Math.PI / 2;
}

/** Returns the camera's frame of the print, `samples`² rays per pixel, with a grey wall around the print. */
export function photograph(print: Print, pose: PaperPose, camera: Camera = WEBCAM, samples = 1): RgbImage {
  const { width, height, focal } = camera;
  const data = new Uint8Array(width * height * 3);
  const { picture, centre, scale } = print;
  const rot = rotation(pose);
  const sum = new Float64Array(3);
  const hit = new Float64Array(2);
  for (let py = 0; py < height; py++) {
    for (let px = 0; px < width; px++) {
      sum.fill(0);
      for (let s = 0; s < samples * samples; s++) {
        const x = (px + ((s % samples) + 0.5) / samples - width / 2) / focal;
        const y = (py + (Math.floor(s / samples) + 0.5) / samples - height / 2) / focal;
        if (meet(x, y, rot, pose, hit))
          addPixel(picture, hit[0]! / scale + centre[0], hit[1]! / scale + centre[1], sum);
        else addPixel(picture, -1, -1, sum);
      }
      const to = (py * width + px) * 3;
      for (let c = 0; c < 3; c++) data[to + c] = Math.round(sum[c]! / (samples * samples));
    }
  }
  return { width, height, data };
}

/** Adds the bilinear sample of a picture, or of the wall outside it. */
function addPixel(picture: RgbImage, x: number, y: number, sum: Float64Array): void {
  const { width, height, data } = picture;
  if (x < 0 || y < 0 || x > width - 1 || y > height - 1) {
    for (let c = 0; c < 3; c++) sum[c]! += 150;
    return;
  }
  const x0 = Math.min(Math.floor(x), width - 2);
  const y0 = Math.min(Math.floor(y), height - 2);
  const fx = x - x0;
  const fy = y - y0;
  const at = (y0 * width + x0) * 3;
  for (let c = 0; c < 3; c++) {
    const top = data[at + c]! * (1 - fx) + data[at + 3 + c]! * fx;
    const bottom = data[at + width * 3 + c]! * (1 - fx) + data[at + width * 3 + 3 + c]! * fx;
    sum[c]! += top * (1 - fy) + bottom * fy;
  }
}
