/** What screen and code worker say to each other. Pictures go in and texts come out: no picture of a code is kept or sent. */
export type ToCodeWorker = { type: 'frames'; frames: ReadableStream<VideoFrame> };

export type FromCodeWorker =
  /** A QR code that can be read; not again while the same one stays. */
  | { type: 'code'; text: string }
  /** Reading can't go on; there will be no codes. */
  | { type: 'failed'; message: string };
