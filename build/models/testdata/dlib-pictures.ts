/** Two pictures of 150×150 RGB bytes, one with soft shades, one with hard edges. Integer arithmetic, so the same everywhere. */
export function dlibPictures(): Uint8Array[] {
  const side = 150;
  const picture = (value: (x: number, y: number, c: number) => number) =>
    Uint8Array.from({ length: side * side * 3 }, (_, i) => {
      const [c, x, y] = [i % 3, Math.floor(i / 3) % side, Math.floor(i / (3 * side))];
      return value(x, y, c);
    });
  return [
    // A round patch, lightest in the middle.
    picture((x, y, c) => Math.max(20 + 10 * c, 220 - 15 * c - Math.floor(((x - 75) ** 2 + (y - 75) ** 2) / 25))),
    picture((x, y, c) => ((x ^ y) * (c + 1)) & 255),
  ];
}
