import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useKiosk } from '../kiosk.ts';
import { Ring } from './ring.tsx';

/** Asked once: it does not change while the page lives. */
let inSoftware: boolean | undefined;
const software = (): boolean => (inSoftware ??= drawsInSoftware());

interface StageProps {
  progress: number;
  tone: 'calm' | 'good';
  children?: ComponentChildren;
}

/**
 * The camera's picture in a tall rounded frame, mirrored, with a ring that fills clockwise from the top.
 *
 * @param progress 0..1
 * @param tone colours the ring: `calm` while something is to be changed, `good` while things are right
 */
export function Stage({ progress, tone, children }: StageProps) {
  const { camera } = useKiosk();
  return (
    <div class="stage" data-tone={tone} data-live={camera.state.value.kind === 'live'}>
      <Ring progress={progress} />
      <LiveVideo class="stage-video" />
      {children}
    </div>
  );
}

/** What the camera sees now; for the eye alone. */
export function LiveVideo(props: { class?: string }) {
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
  return <video ref={video} {...props} muted autoplay playsInline aria-hidden="true" tabIndex={-1} />;
}

/** Pictures a second of the preview where the processor has to draw them itself: fluent enough for a mirror. */
const SOFTWARE_FPS = 15;

/** True when the browser draws without a GPU (SwiftShader, llvmpipe, or no WebGL at all). */
function drawsInSoftware(canvas: OffscreenCanvas = new OffscreenCanvas(1, 1)): boolean {
  const gl = canvas.getContext('webgl');
  if (!gl) return true;
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(name);
}

/**
 * The stream that the preview shows: the camera's own, or, where each picture is drawn by the processor, a thinned
 * copy of it, so that detection keeps all pictures and the processor. Returns how to let go of it.
 */
function previewOf(stream: MediaStream, software: boolean): { stream: MediaStream; stop: () => void } {
  const track = stream.getVideoTracks()[0];
  if (!software || !track) return { stream, stop: () => undefined };
  const copy = track.clone();
  // Rejected by a camera that can't be thinned: then the copy runs at the camera's own rate.
  copy.applyConstraints({ frameRate: { max: SOFTWARE_FPS } }).catch(() => undefined);
  return { stream: new MediaStream([copy]), stop: () => copy.stop() };
}
