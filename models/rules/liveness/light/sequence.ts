/**
 * The light challenge, as in *Face Flashing* (Tang et al., NDSS 2018): colours of the screen that nobody knows before, and
 * that a face close to it throws back.
 */

/** Linear light, 0..1 a channel: red, green, blue. */
export type Light = readonly [red: number, green: number, blue: number];

/**
 * Soft colours of nearly one luminance, which keeps them from flashing (WCAG 2.3.1 counts changes of luminance by a tenth or
 * more), none of them a saturated red. Red against green and blue against green they lie in four corners, so that none is
 * taken for another.
 */
export const COLOURS = ['#6cddf3', '#f3c561', '#ddbcff', '#adda6f'] as const;

export interface Shade {
  /** sRGB, `#rrggbb`. */
  readonly colour: (typeof COLOURS)[number];
  /** How long it is shown, ms. */
  readonly ms: number;
}

/** How many follow each other; the first one lets eyes and camera adapt, and is shown longer. */
const COUNT = 7;
const FIRST_MS = 700;
/** Shortest and longest, ms: at most two and a half changes a second, where WCAG 2.3.1 allows six. */
const SHOWN_MS = [400, 600] as const;

/**
 * Draws a sequence: every colour but the one before with the same chance, each for a time of its own.
 * @param random uniform in [0, 1), and not to be foreseen: a cryptographic source in the product
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
