import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useKiosk } from '../kiosk.ts';
import { drawsInSoftware, previewOf } from '../preview.ts';
import { Ring } from './ring.tsx';

/** Asked once: it does not change while the page lives. */
let inSoftware: boolean | undefined;
const software = (): boolean => (inSoftware ??= drawsInSoftware());

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
    if (!el || !stream) return;
    const preview = previewOf(stream, software());
    el.srcObject = preview.stream;
    // Rejected when the element goes away meanwhile; autoplay of a muted stream is allowed everywhere.
    el.play().catch(() => undefined);
    return () => {
      el.srcObject = null;
      preview.stop();
    };
  }, [stream]);
  return (
    <div class="stage" data-tone={tone} data-live={stream !== null}>
      <Ring progress={progress} />
      <video ref={video} class="stage-video" muted autoplay playsInline aria-hidden="true" tabIndex={-1} />
      {children}
    </div>
  );
}
