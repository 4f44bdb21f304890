import type { Point, RgbImage } from '../../image.ts';
import { eyeAxis } from '../shape.ts';
import { LINEAR, type Light } from './sequence.ts';

export const FACE_REGIONS = ['forehead', 'right-cheek', 'left-cheek', 'nose', 'chin'] as const;
/** The upper corners of a crop: background, except behind the widest hats. The person fills the lower ones. */
const CORNERS = ['corner-left', 'corner-right'] as const;
export type Region = (typeof FACE_REGIONS)[number] | (typeof CORNERS)[number];

export type RegionLight = Readonly<Record<Region, Light>>;

/** Half the side of the measured squares, in eye distances. */
const HALF = 0.18;
/** Side of a corner, as a share of the picture's shorter side. */
const CORNER = 0.12;

/**
 * @param landmarks 68 points of iBUG, in the picture's pixels
 * @returns null if a region is outside the picture
 */
export function measureRegions(picture: RgbImage, landmarks: readonly Point[]): RegionLight | null {
  const { axis, distance } = eyeAxis(landmarks);
  const half = Math.max(1, HALF * distance);
  const at = (from: readonly number[], across = 0, down = 0): Light | null => {
    const x = from.reduce((sum, i) => sum + landmarks[i]![0], 0) / from.length;
    const y = from.reduce((sum, i) => sum + landmarks[i]![1], 0) / from.length;
    const cx = x + (across * axis[0] - down * axis[1]) * distance;
    const cy = y + (across * axis[1] + down * axis[0]) * distance;
    return meanOf(picture, cx - half, cy - half, cx + half, cy + half);
  };
  const { width } = picture;
  const side = CORNER * Math.min(width, picture.height);
  const found: Record<Region, Light | null> = {
    forehead: at([21, 22], 0, -0.35),
    'right-cheek': at([36, 41, 48], -0.1, 0.05),
    'left-cheek': at([45, 46, 54], 0.1, 0.05),
    nose: at([29, 30]),
    chin: at([8, 57]),
    'corner-left': meanOf(picture, 0, 0, side, side),
    'corner-right': meanOf(picture, width - side, 0, width, side),
  };
  return Object.values(found).every((light) => light !== null) ? (found as RegionLight) : null;
}

function meanOf({ width, height, data }: RgbImage, x0: number, y0: number, x1: number, y1: number): Light | null {
  const [left, top] = [Math.max(0, Math.round(x0)), Math.max(0, Math.round(y0))];
  const [right, bottom] = [Math.min(width, Math.round(x1)), Math.min(height, Math.round(y1))];
  if (!(right > left && bottom > top)) return null;
  let [red, green, blue] = [0, 0, 0];
  for (let y = top; y < bottom; y++) {
    for (let at = (y * width + left) * 3, end = (y * width + right) * 3; at < end; at += 3) {
      red += LINEAR[data[at]!]!;
      green += LINEAR[data[at + 1]!]!;
      blue += LINEAR[data[at + 2]!]!;
    }
  }
  const n = (right - left) * (bottom - top);
  return [red / n, green / n, blue / n];
}
