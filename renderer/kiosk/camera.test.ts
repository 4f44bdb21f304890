import { signal } from '@preact/signals';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MOST_STILL, openCamera as open, type Pictures, POLL_MS, RETRY_MS, troubleOf } from './camera.ts';

const error = (name: string): DOMException => new DOMException(name, name);

/** Pictures arrive unless the test says otherwise. */
const flowing: Pictures = { came: () => true, stop: () => undefined };
const openCamera = (devices: MediaDevices | undefined, pictures = flowing, chosen = signal<string | null>(null)) =>
  open(devices, chosen, () => pictures);

/** Devices whose requests end as the test says. The stream has one track, which can end. */
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
  ])('turns %s into %s, and is live automatically once that is fixed', async (name, kind) => {
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

  it('reports a removed camera as unplugged, and opens it at once when it is plugged in', async () => {
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

  it('is not requested before it is started, is released when it is stopped, and can be started again', async () => {
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

  it('is off after it was stopped, even if the request is rejected later', async () => {
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

  it('reports a camera without pictures as frozen, and reopens it until one arrives', async () => {
    const d = devices(() => null);
    let flows = true;
    let watched = 0;
    const camera = open(d.api, undefined, () => {
      watched++;
      return { came: () => flows, stop: () => void watched-- };
    });
    camera.start();
    const seen: string[] = [];
    camera.state.subscribe(({ kind }) => seen.push(kind));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(d.tracks).toHaveLength(1);
    flows = false;
    await vi.advanceTimersByTimeAsync((MOST_STILL - 1) * POLL_MS);
    flows = true; // one picture, and the count starts again
    await vi.advanceTimersByTimeAsync(POLL_MS);
    flows = false;
    await vi.advanceTimersByTimeAsync((MOST_STILL - 1) * POLL_MS);
    expect(camera.state.value.kind).toBe('live');
    await vi.advanceTimersByTimeAsync(POLL_MS);
    expect([camera.state.value.kind, d.tracks[0]!.readyState, watched]).toEqual(['frozen', 'ended', 0]);
    await vi.advanceTimersByTimeAsync(3 * (RETRY_MS + MOST_STILL * POLL_MS));
    expect(d.tracks.length).toBeGreaterThanOrEqual(3);
    flows = true;
    await vi.advanceTimersByTimeAsync(RETRY_MS + POLL_MS);
    expect(seen).toEqual(['starting', 'live', 'frozen', 'live']);
    expect(d.tracks.filter((t) => t.readyState === 'live')).toHaveLength(1);
    camera.stop();
    expect([d.tracks.filter((t) => t.readyState === 'live').length, watched]).toEqual([0, 0]);
  });

  it('is unplugged if removed while frozen, and live at once when it is back', async () => {
    let wrong: DOMException | null = null;
    const d = devices(() => wrong);
    const camera = openCamera(d.api, { came: () => false, stop: () => undefined });
    camera.start();
    await vi.advanceTimersByTimeAsync(MOST_STILL * POLL_MS);
    expect(camera.state.value.kind).toBe('frozen');
    wrong = error('NotFoundError');
    await vi.advanceTimersByTimeAsync(RETRY_MS);
    expect(camera.state.value.kind).toBe('unplugged');
    wrong = null;
    d.change();
    await vi.advanceTimersByTimeAsync(0);
    expect(camera.state.value.kind).toBe('live');
    camera.stop();
  });

  it('releases a stream whose pictures can’t be watched', async () => {
    const d = devices(() => null);
    const camera = open(d.api, undefined, () => {
      throw new TypeError('no processor');
    });
    camera.start();
    await vi.advanceTimersByTimeAsync(0);
    expect([camera.state.value, d.tracks[0]!.readyState]).toEqual([{ kind: 'broken', name: 'TypeError' }, 'ended']);
    camera.stop();
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

  it('is denied if the browser offers no devices at all', async () => {
    const camera = openCamera(undefined);
    camera.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(camera.state.value.kind).toBe('denied');
    camera.stop();
  });

  describe('with several cameras', () => {
    /** Cameras by label. The browser picks the first unless one is named. */
    function several(labels: string[], { shy = false } = {}) {
      const events = new EventTarget();
      let there = labels;
      let granted = !shy;
      const open: { label: string; track: EventTarget & { readyState: string } }[] = [];
      const api = {
        addEventListener: events.addEventListener.bind(events),
        removeEventListener: events.removeEventListener.bind(events),
        enumerateDevices: async () =>
          there.map((label, i) => ({
            kind: 'videoinput',
            label: granted ? label : '',
            deviceId: granted ? `id-${i}` : '',
          })),
        async getUserMedia({ video }: { video: { deviceId?: { exact: string } } }) {
          granted = true;
          const at = video.deviceId ? Number(video.deviceId.exact.slice(3)) : 0;
          const label = there[at];
          if (label === undefined) throw error(video.deviceId ? 'OverconstrainedError' : 'NotFoundError');
          const track = Object.assign(new EventTarget(), {
            label,
            readyState: 'live',
            stop() {
              this.readyState = 'ended';
            },
          });
          open.push({ label, track });
          return { getTracks: () => [track], getVideoTracks: () => [track] } as unknown as MediaStream;
        },
      } as unknown as MediaDevices;
      const plug = async (now: string[]) => {
        for (const one of open) {
          if (one.track.readyState !== 'live' || now.includes(one.label)) continue;
          one.track.readyState = 'ended';
          one.track.dispatchEvent(new Event('ended'));
        }
        there = now;
        events.dispatchEvent(new Event('devicechange'));
        await vi.advanceTimersByTimeAsync(0);
      };
      return {
        api,
        plug,
        open: () => open.filter(({ track }) => track.readyState === 'live').map(({ label }) => label),
      };
    }
    const using = (camera: ReturnType<typeof openCamera>) =>
      camera.state.value.kind === 'live' && camera.state.value.instead;

    it.each([false, true])(
      'opens the chosen one, and switches at once if another is chosen (labels hidden: %s)',
      async (shy) => {
        const cameras = several(['Built in', 'Desk', 'Desk'], { shy });
        const chosen = signal<string | null>('Desk');
        const camera = openCamera(cameras.api, flowing, chosen);
        camera.start();
        await vi.advanceTimersByTimeAsync(0);
        expect([cameras.open(), using(camera)]).toEqual([['Desk'], false]);
        expect(await camera.names()).toEqual(['Built in', 'Desk', 'Desk (2)']);
        chosen.value = 'Built in';
        await vi.advanceTimersByTimeAsync(0);
        expect([cameras.open(), using(camera)]).toEqual([['Built in'], false]);
        camera.stop();
        expect(cameras.open()).toEqual([]);
      },
    );

    it('falls back when the chosen one is lost, says so, and returns to it when it is available again', async () => {
      const cameras = several(['Built in', 'Desk']);
      const camera = openCamera(cameras.api, flowing, signal<string | null>('Desk'));
      camera.start();
      await vi.advanceTimersByTimeAsync(0);
      await cameras.plug(['Built in']);
      expect([cameras.open(), using(camera)]).toEqual([['Built in'], true]);
      await cameras.plug(['Built in', 'Desk']);
      expect([cameras.open(), using(camera)]).toEqual([['Desk'], false]);
      camera.stop();
    });
  });

  it('keeps the browser’s name for an unknown error', () => {
    expect(troubleOf(new Error('x'), false)).toEqual({ kind: 'broken', name: 'Error' });
  });
});
