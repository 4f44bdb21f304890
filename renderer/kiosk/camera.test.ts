import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openCamera, troubleOf } from './camera.ts';

const error = (name: string): DOMException => new DOMException(name, name);

/** Devices that do what the test says; the stream has one track that can end. */
function devices(outcome: () => DOMException | null) {
  const events = new EventTarget();
  const tracks: (EventTarget & { readyState: string; stop(): void })[] = [];
  return {
    tracks,
    change: () => events.dispatchEvent(new Event('devicechange')),
    api: {
      addEventListener: events.addEventListener.bind(events),
      removeEventListener: events.removeEventListener.bind(events),
      async getUserMedia() {
        const wrong = outcome();
        if (wrong) throw wrong;
        const track = Object.assign(new EventTarget(), {
          readyState: 'live',
          stop() {
            this.readyState = 'ended';
          },
        });
        tracks.push(track);
        return { getTracks: () => [track], getVideoTracks: () => [track] } as unknown as MediaStream;
      },
    } as unknown as MediaDevices,
  };
}

describe('the camera', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it.each([
    ['NotFoundError', 'absent'],
    ['NotReadableError', 'busy'],
    ['NotAllowedError', 'denied'],
    ['TypeError', 'broken'],
  ])('turns %s into %s, and is live by itself when that is mended', async (name, kind) => {
    let wrong: DOMException | null = error(name);
    const { api } = devices(() => wrong);
    const camera = openCamera(api);
    camera.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(camera.state.value.kind).toBe(kind);
    wrong = null;
    await vi.advanceTimersByTimeAsync(2_100);
    expect(camera.state.value.kind).toBe('live');
    camera.stop();
  });

  it('calls a camera that was there unplugged, and takes it back at once when it is plugged in', async () => {
    let wrong: DOMException | null = null;
    const d = devices(() => wrong);
    const camera = openCamera(d.api);
    camera.start();
    await vi.advanceTimersByTimeAsync(0);
    wrong = error('NotFoundError');
    d.tracks[0]!.dispatchEvent(new Event('ended'));
    expect(camera.state.value.kind).toBe('unplugged');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(camera.state.value.kind).toBe('unplugged');
    wrong = null;
    d.change();
    await vi.advanceTimersByTimeAsync(0);
    expect(camera.state.value.kind).toBe('live');
    camera.stop();
    expect(d.tracks.every((t) => t.readyState === 'ended')).toBe(true);
  });

  it('is not asked for before it is started, is let go when it is stopped, and can be started again', async () => {
    const d = devices(() => null);
    const camera = openCamera(d.api);
    d.change();
    await vi.advanceTimersByTimeAsync(5_000);
    expect([camera.state.value.kind, d.tracks.length]).toEqual(['off', 0]);
    camera.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(camera.state.value.kind).toBe('live');
    camera.stop();
    expect([camera.state.value.kind, d.tracks[0]!.readyState]).toEqual(['off', 'ended']);
    camera.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(camera.state.value.kind).toBe('live');
    camera.stop();
  });

  it('is off after it was stopped, also when the answer to the question comes late, as a refusal', async () => {
    let refuse: (why: Error) => void = () => undefined;
    const d = devices(() => null);
    const camera = openCamera({
      ...d.api,
      getUserMedia: () =>
        new Promise((_, reject) => {
          refuse = reject;
        }),
    });
    camera.start();
    camera.stop();
    refuse(error('NotReadableError'));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(camera.state.value.kind).toBe('off');
  });

  it('never holds two streams', async () => {
    const d = devices(() => null);
    const camera = openCamera(d.api);
    camera.start();
    d.change();
    d.change();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(d.tracks).toHaveLength(1);
    camera.stop();
  });

  it('says denied where the browser gives no devices at all', async () => {
    const camera = openCamera(undefined);
    camera.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(camera.state.value.kind).toBe('denied');
    camera.stop();
  });

  it('keeps the browser’s word for what it does not know', () => {
    expect(troubleOf(new Error('x'), false)).toEqual({ kind: 'broken', name: 'Error' });
  });
});
