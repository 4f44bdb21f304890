import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useKiosk } from '../kiosk.ts';
import { Ring } from './ring.tsx';

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
      <Ring progress={progress} />
      <video ref={video} class="stage-video" muted autoplay playsInline aria-hidden="true" tabIndex={-1} />
      {children}
    </div>
  );
}
