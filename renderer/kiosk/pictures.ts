import { framesOf } from './track-processor.ts';

/** Whether a track gives pictures. */
export interface Pictures {
  /** A picture has come since the last time that this was asked, or since the track was taken. */
  came(): boolean;
  stop(): void;
}

/** Takes one picture of the track at a time, and only when it is asked whether there was one; none is looked at. */
export function picturesOf(track: MediaStreamTrack): Pictures {
  const reader = framesOf(track).getReader();
  let came = false;
  let waiting = false;
  async function take(): Promise<void> {
    waiting = true;
    const { value } = await reader.read();
    if (!value) return; // the track has ended: nothing comes any more
    value.close();
    came = true;
    waiting = false;
  }
  const ask = (): void => {
    // A stream that broke off gives no pictures either, and the caller gets just that.
    if (!waiting) take().catch(() => undefined);
  };
  ask();
  return {
    came() {
      const answer = came;
      came = false;
      ask();
      return answer;
    },
    stop: () => void reader.cancel().catch(() => undefined),
  };
}
