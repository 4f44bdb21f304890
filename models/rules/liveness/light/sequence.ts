/**
 * The light challenge, as in *Face Flashing* (Tang et al., NDSS 2018): unpredictable colours on the screen, reflected by a face
 * close to it.
 */

/** Linear light, 0..1 per channel: red, green, blue. */
export type Light = readonly [red: number, green: number, blue: number];

/**
 * Soft colours of nearly equal luminance, so that they don't flash (WCAG 2.3.1 counts changes of luminance by a tenth or more),
 * none of them a saturated red. In red minus green and blue minus green they are in four corners, so that they can't be confused.
 */
export const COLOURS = ['#6cddf3', '#f3c561', '#ddbcff', '#adda6f'] as const;

export interface Shade {
  /** sRGB, `#rrggbb`. */
  readonly colour: (typeof COLOURS)[number];
  /** How long it is shown, ms. */
  readonly ms: number;
}

/** Number of colours. The first one lets people and camera adapt, and is shown longer. */
const COUNT = 7;
const FIRST_MS = 700;
/** Shortest and longest time, ms: at most two and a half changes per second, where WCAG 2.3.1 allows six. */
const SHOWN_MS = [400, 600] as const;

/**
 * Draws a sequence: every colour except the previous one with equal probability, each for a random time.
 * @param random uniform in [0, 1) and unpredictable: a cryptographic source in the product
 */
export function drawSequence(random: () => number): readonly Shade[] {
  const sequence: Shade[] = [];
  while (sequence.length < COUNT) {
    const left = COLOURS.filter((colour) => colour !== sequence.at(-1)?.colour);
    const ms = sequence.length === 0 ? FIRST_MS : SHOWN_MS[0] + random() * (SHOWN_MS[1] - SHOWN_MS[0]);
    sequence.push({ colour: left[Math.floor(random() * left.length)]!, ms });
  }
  return sequence;
}

/** Linear light of each byte of sRGB (IEC 61966-2-1). */
export const LINEAR: Float64Array = Float64Array.from({ length: 256 }, (_, byte) => {
  const c = byte / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
});

/** @param colour `#rrggbb` */
export const lightOf = (colour: string): Light => {
  const [red, green, blue] = [1, 3, 5].map((at) => LINEAR[Number.parseInt(colour.slice(at, at + 2), 16)]!);
  return [red!, green!, blue!];
};
