import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { detection, face, sample } from '../../../test/kit/detections.ts';
import {
  type FaceDetector,
  MOST_RESTARTS,
  MOST_STUMBLES,
  openFaceDetector,
  RELOAD_MS,
  RESTART_MS,
} from './face-detector.ts';
import type { FromWorker, ToWorker } from './messages.ts';

/** A detection worker controlled by the test. */
class ScriptedWorker {
  onmessage: ((event: { data: FromWorker }) => void) | null = null;
  onerror: ((event: { message: string }) => void) | null = null;
  gone = false;
  readonly notified: ToWorker[] = [];
  postMessage(message: ToWorker): void {
    this.notified.push(message);
  }
  terminate(): void {
    this.gone = true;
  }
  say(data: FromWorker): void {
    this.onmessage?.({ data });
  }
  sees(): void {
    this.say({ type: 'seen', ...detection(1, [face()], sample(face())) });
  }
  stumbles(times: number, ended = false): void {
    for (let i = 0; i < times; i++) this.say({ type: 'stumbled', message: 'no frame', ended });
  }
  /** The kinds of messages it was sent, without `load`. */
  get kinds(): string[] {
    return this.notified.map(({ type }) => type).filter((type) => type !== 'load');
  }
}

describe('the face detector', () => {
  let workers: ScriptedWorker[];
  let trouble: (string | null)[];
  let seen: number[];
  let detector: FaceDetector;
  let withoutCamera: number;
  const track = { readyState: 'live' } as MediaStreamTrack;
  const last = (): ScriptedWorker => workers.at(-1)!;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('location', { href: 'http://127.0.0.1/' });
    vi.stubGlobal(
      'MediaStreamTrackProcessor',
      class {
        readonly readable = new ReadableStream();
      },
    );
    workers = [];
    trouble = [];
    seen = [];
    detector = openFaceDetector(
      ({ at }) => seen.push(at),
      (message) => trouble.push(message),
      () => {
        workers.push(new ScriptedWorker());
        return last() as unknown as Worker;
      },
    );
    withoutCamera = workers.length;
    detector.watch(track);
  });
  afterEach(() => {
    detector.stop();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('loads nothing before there is a camera: a starting kiosk has more urgent things to do', () => {
    expect([withoutCamera, last().kinds]).toEqual([0, ['frames']]);
    detector.watch(track);
    expect([workers.length, last().kinds]).toEqual([1, ['frames', 'frames']]);
  });

  it('ignores the last frame of a camera that is gone', () => {
    const gone = { readyState: 'live' };
    detector.watch(gone as MediaStreamTrack);
    last().sees();
    gone.readyState = 'ended';
    last().sees();
    detector.watch(track);
    last().sees();
    expect(seen).toHaveLength(2);
  });

  it('goes on after a frame that failed, and counts only consecutive failures', () => {
    last().say({ type: 'ready', loadMs: 1 });
    for (let round = 0; round < 3; round++) {
      last().stumbles(MOST_STUMBLES - 1);
      last().sees();
    }
    vi.advanceTimersByTime(RELOAD_MS);
    expect([workers.length, last().gone, seen.length, trouble]).toEqual([1, false, 3, [null]]);
  });

  it.each([
    ['too many frames in a row could not be seen', (w: ScriptedWorker) => w.stumbles(MOST_STUMBLES)],
    ['the stream of frames broke', (w: ScriptedWorker) => w.stumbles(1, true)],
    ['it threw where nothing caught it', (w: ScriptedWorker) => w.onerror?.({ message: 'out of memory' })],
  ])('restarts the worker when %s, sends it everything again, and keeps detecting', (_what, fails) => {
    last().say({ type: 'ready', loadMs: 1 });
    detector.watch(track);
    detector.pace(90);
    detector.sample(true);
    fails(last());
    expect(workers[0]!.gone).toBe(true);
    vi.advanceTimersByTime(RESTART_MS - 1);
    expect(workers).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(last().kinds.toSorted()).toEqual(['frames', 'pace', 'sample']);
    last().say({ type: 'ready', loadMs: 1 });
    last().sees();
    expect([workers.length, seen.length]).toEqual([2, 1]);
    expect(trouble.filter((message) => message !== null)).toEqual([]);
  });

  it.each([
    ['the model', (w: ScriptedWorker) => w.say({ type: 'failed', message: 'no model' })],
    ['the script', (w: ScriptedWorker) => w.onerror?.({ message: 'no model' })],
  ])('reports that %s could not be loaded, tries again every minute, and reports success', (_what, fails) => {
    fails(last());
    expect(trouble).toEqual(['no model']);
    vi.advanceTimersByTime(RELOAD_MS);
    fails(last());
    vi.advanceTimersByTime(RELOAD_MS);
    last().say({ type: 'ready', loadMs: 1 });
    expect([workers.length, trouble]).toEqual([3, ['no model', 'no model', null]]);
  });

  it('waits longer after each worker that saw no frame, reports it, and starts over once one sees a frame', () => {
    const pauses: number[] = [];
    for (let round = 1; round <= 8; round++) {
      last().say({ type: 'ready', loadMs: 1 });
      expect(trouble.at(-1)).toBeNull();
      last().stumbles(MOST_STUMBLES);
      const [before, from] = [workers.length, Date.now()];
      while (workers.length === before) vi.advanceTimersByTime(1000);
      pauses.push(Date.now() - from);
      expect(trouble.at(-1)).toBe(round >= MOST_RESTARTS ? 'no frame' : null);
    }
    expect(pauses).toEqual([2, 4, 8, 16, 32, 60, 60, 60].map((s) => s * 1000));
    last().say({ type: 'ready', loadMs: 1 });
    last().sees();
    last().stumbles(MOST_STUMBLES);
    vi.advanceTimersByTime(RESTART_MS);
    expect([workers.length, trouble.at(-1)]).toEqual([10, null]);
  });

  it('keeps one clock over all workers, whose own clocks start at zero', () => {
    const at = (ms: number): void => last().say({ type: 'seen', ...detection(ms, []) });
    vi.advanceTimersByTime(3_600_000);
    at(3_600_000);
    at(3_600_040);
    last().stumbles(1, true);
    vi.advanceTimersByTime(RESTART_MS);
    at(30);
    at(70);
    expect(seen.map((ms) => Math.round(ms - seen[0]!))).toEqual([0, 40, RESTART_MS, RESTART_MS + 40]);
  });

  it('ignores a track that has ended meanwhile', () => {
    last().say({ type: 'ready', loadMs: 1 });
    detector.watch({ readyState: 'ended' } as MediaStreamTrack);
    last().stumbles(MOST_STUMBLES);
    vi.advanceTimersByTime(RESTART_MS);
    expect(last().kinds).toEqual([]);
  });
});
