/** Pictures a second of the preview where the processor has to draw them itself: fluent enough for a mirror. */
const SOFTWARE_FPS = 15;

/** True when the browser draws without a GPU (SwiftShader, llvmpipe, or no WebGL at all). */
export function drawsInSoftware(canvas: OffscreenCanvas = new OffscreenCanvas(1, 1)): boolean {
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
export function previewOf(stream: MediaStream, software: boolean): { stream: MediaStream; stop: () => void } {
  const track = stream.getVideoTracks()[0];
  if (!software || !track) return { stream, stop: () => undefined };
  const copy = track.clone();
  // Rejected by a camera that can't be thinned: then the copy runs at the camera's own rate.
  copy.applyConstraints({ frameRate: { max: SOFTWARE_FPS } }).catch(() => undefined);
  return { stream: new MediaStream([copy]), stop: () => copy.stop() };
}
