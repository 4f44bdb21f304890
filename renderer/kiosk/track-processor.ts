/** Chromium's; not in TypeScript's DOM library. https://www.w3.org/TR/mediacapture-transform/ */
declare class MediaStreamTrackProcessor {
  constructor(init: { track: MediaStreamTrack; maxBufferSize?: number });
  readonly readable: ReadableStream<VideoFrame>;
}

/** Returns a track's pictures. Only the newest is kept, so that a slow reader skips some and never lags behind. */
export const framesOf = (track: MediaStreamTrack): ReadableStream<VideoFrame> =>
  new MediaStreamTrackProcessor({ track, maxBufferSize: 1 }).readable;
