/** A piece of the ring: its path, and the part of the whole that it covers, 0..1. */
export interface Segment {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Returns the outline of a rounded rectangle of w × h, `inset` from its edge, in nine pieces clockwise from the top middle:
 * half a side, four corners with three sides between them, half a side.
 */
export function frameSegments(w: number, h: number, radius: number, inset: number): Segment[] {
  const r = Math.max(0, radius - inset);
  const [l, t, right, b] = [inset, inset, w - inset, h - inset];
  const corner = (Math.PI / 2) * r;
  const arc = (x0: number, y0: number, x: number, y: number) => ({
    path: `M${x0} ${y0}A${r} ${r} 0 0 1 ${x} ${y}`,
    length: corner,
  });
  const line = (x0: number, y0: number, x: number, y: number) => ({
    path: `M${x0} ${y0}L${x} ${y}`,
    length: Math.hypot(x - x0, y - y0),
  });
  const pieces = [
    line(w / 2, t, right - r, t),
    arc(right - r, t, right, t + r),
    line(right, t + r, right, b - r),
    arc(right, b - r, right - r, b),
    line(right - r, b, l + r, b),
    arc(l + r, b, l, b - r),
    line(l, b - r, l, t + r),
    arc(l, t + r, l + r, t),
    line(l + r, t, w / 2, t),
  ];
  const whole = pieces.reduce((sum, p) => sum + p.length, 0) || 1;
  let at = 0;
  return pieces.map(({ path, length }) => {
    const from = at / whole;
    at += length;
    return { path, from, to: at / whole };
  });
}

/** How much of a piece is filled, 0..1 in steps of a thousandth, when the whole ring is at `progress`. */
export function fillOf({ from, to }: Segment, progress: number): number {
  if (to <= from) return progress >= to && progress > 0 ? 1 : 0;
  return Math.round(Math.max(0, Math.min(1, (progress - from) / (to - from))) * 1000) / 1000;
}
