import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useKiosk } from '../kiosk.ts';
import { Ring } from './ring.tsx';

/** Determined once: it does not change during the page's life. */
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
 * @param tone colour of the ring: `calm` while something has to be corrected, `good` otherwise
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

/** The camera's live picture, hidden from screen readers. */
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
    // Rejected if the element is removed meanwhile. Autoplay of a muted stream is allowed everywhere.
    el.play().catch(() => undefined);
    return () => {
      el.srcObject = null;
      preview.stop();
    };
  }, [stream]);
  return <video ref={video} {...props} muted autoplay playsInline aria-hidden="true" tabIndex={-1} />;
}

/** Frames per second of the preview if the processor has to draw it: fluent enough for a mirror. */
const SOFTWARE_FPS = 15;

/** Whether the browser draws without a GPU (SwiftShader, llvmpipe, or no WebGL at all). */
function drawsInSoftware(canvas: OffscreenCanvas = new OffscreenCanvas(1, 1)): boolean {
  const gl = canvas.getContext('webgl');
  if (!gl) return true;
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(name);
}

/**
 * Returns the stream for the preview and how to stop it: the camera's own, or, if the processor draws each picture, a copy at
 * a lower frame rate, so that detection keeps all pictures and its processor time.
 */
function previewOf(stream: MediaStream, software: boolean): { stream: MediaStream; stop: () => void } {
  const track = stream.getVideoTracks()[0];
  if (!software || !track) return { stream, stop: () => undefined };
  const copy = track.clone();
  // Rejected by a camera that can't lower its rate. The copy then runs at the camera's own.
  copy.applyConstraints({ frameRate: { max: SOFTWARE_FPS } }).catch(() => undefined);
  return { stream: new MediaStream([copy]), stop: () => copy.stop() };
}
