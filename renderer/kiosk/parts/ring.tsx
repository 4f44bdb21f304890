import { useEffect, useRef } from 'preact/hooks';
import { fillOf, frameSegments } from './ring-shape.ts';

/** Duration of the animation to a new value. */
const TWEEN_MS = 280;
/** Least time between redraws while it moves: half a screen's frame rate looks the same on a line this thin. */
const STEP_MS = 32;

/**
 * The frame's rounded edge, filling clockwise from the top. It is cut into short pieces that are redrawn separately: one
 * long line would repaint the whole area behind the picture at each step, which is slow without a GPU.
 */
export function Ring({ progress }: { progress: number }) {
  const svg = useRef<SVGSVGElement>(null);
  const shown = useRef(0);
  const draw = useRef<() => void>(() => undefined);

  useEffect(() => {
    const el = svg.current;
    if (!el) return;
    const [track, ...pieces] = [...el.querySelectorAll('path')];
    let segments = frameSegments(1, 1, 0, 0);
    const drawn = pieces.map(() => -1);
    draw.current = () => {
      for (const [i, piece] of pieces.entries()) {
        const fill = fillOf(segments[i]!, shown.current);
        if (fill === drawn[i]) continue;
        drawn[i] = fill;
        piece.style.visibility = fill === 0 ? 'hidden' : 'visible';
        piece.style.strokeDashoffset = String(1 - fill);
      }
    };
    const layOut = (): void => {
      const { width: w, height: h } = el.getBoundingClientRect();
      if (w === 0 || h === 0) return;
      const side = Math.min(w, h);
      segments = frameSegments(w, h, side * 0.118, side * 0.009);
      el.setAttribute('viewBox', `0 0 ${w} ${h}`);
      track!.setAttribute('d', `${segments.map((s) => s.path).join('')}`);
      for (const [i, piece] of pieces.entries()) piece.setAttribute('d', segments[i]!.path);
      drawn.fill(-1);
      draw.current();
    };
    layOut();
    const observer = new ResizeObserver(layOut);
    observer.observe(el);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const from = shown.current;
    const instant = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (instant || from === progress) {
      shown.current = progress;
      draw.current();
      return;
    }
    let frame = 0;
    let last = 0;
    const began = performance.now();
    const step = (now: number): void => {
      const x = Math.min(1, (now - began) / TWEEN_MS);
      if (now - last >= STEP_MS || x === 1) {
        last = now;
        shown.current = from + (progress - from) * (1 - (1 - x) ** 3);
        draw.current();
      }
      if (x < 1) frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }, [progress]);

  return (
    <svg ref={svg} class="ring" aria-hidden="true" focusable="false">
      <path class="ring-track" />
      {PIECES.map((i) => (
        <path key={i} class="ring-fill" pathLength={1} />
      ))}
    </svg>
  );
}

const PIECES = frameSegments(1, 1, 0, 0).map((_, i) => i);
