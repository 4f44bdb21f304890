import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useKiosk } from '../kiosk.ts';

/**
 * The camera's picture in a tall rounded frame, mirrored, with a ring that fills clockwise from the top.
 *
 * @param progress 0..1
 * @param tone colours the ring: `calm` while something is to be changed, `good` while things are right
 */
export function Stage({
  progress,
  tone,
  children,
}: {
  progress: number;
  tone: 'calm' | 'good';
  children?: ComponentChildren;
}) {
  const { camera } = useKiosk();
  const video = useRef<HTMLVideoElement>(null);
  const state = camera.state.value;
  const stream = state.kind === 'live' ? state.stream : null;
  useEffect(() => {
    const el = video.current;
    if (!el) return;
    el.srcObject = stream;
    // Rejected when the element goes away meanwhile; autoplay of a muted stream is allowed everywhere.
    if (stream) el.play().catch(() => undefined);
  }, [stream]);
  return (
    <div class="stage" data-tone={tone} data-live={stream !== null}>
      <video ref={video} class="stage-video" muted autoplay playsInline aria-hidden="true" tabIndex={-1} />
      <Ring progress={progress} />
      {children}
    </div>
  );
}

/** Follows the frame's own rounded edge; drawn twice, as track and as fill. */
function Ring({ progress }: { progress: number }) {
  const path = useRef<SVGPathElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  useEffect(() => {
    const el = svg.current;
    if (!el) return;
    const draw = (): void => {
      const { width: w, height: h } = el.getBoundingClientRect();
      if (w === 0 || h === 0) return;
      el.setAttribute('viewBox', `0 0 ${w} ${h}`);
      const d = frameEdge(w, h, Math.min(w, h) * 0.11, Math.max(5, Math.min(w, h) * 0.012));
      for (const p of el.querySelectorAll('path')) p.setAttribute('d', d);
    };
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(el);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    path.current?.style.setProperty('stroke-dashoffset', String(1 - progress));
  }, [progress]);
  return (
    <svg ref={svg} class="ring" aria-hidden="true" focusable="false">
      <path class="ring-track" pathLength={1} />
      <path ref={path} class="ring-fill" pathLength={1} />
    </svg>
  );
}

/** A rounded rectangle of w × h, `inset` from its edge, as a path that begins at the top middle and runs clockwise. */
export function frameEdge(w: number, h: number, radius: number, inset: number): string {
  const r = Math.max(0, radius - inset);
  const [l, t, right, b] = [inset, inset, w - inset, h - inset];
  return [
    `M${w / 2} ${t}`,
    `H${right - r}`,
    `A${r} ${r} 0 0 1 ${right} ${t + r}`,
    `V${b - r}`,
    `A${r} ${r} 0 0 1 ${right - r} ${b}`,
    `H${l + r}`,
    `A${r} ${r} 0 0 1 ${l} ${b - r}`,
    `V${t + r}`,
    `A${r} ${r} 0 0 1 ${l + r} ${t}`,
    'Z',
  ].join('');
}
