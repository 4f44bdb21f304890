import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CaptureResult } from '../../../../electron/contract/methods.ts';
import { detection, face, sample } from '../../../../test/kit/detections.ts';
import { createCapture } from './capture.ts';

const POSES = ['front', 'left', 'front-again'];

/** A capture against a core that answers as the test says. Frames come every 40 ms. */
function setup(answers: (n: number) => Partial<CaptureResult> | Error) {
  let asked = false;
  let sent = 0;
  const events: string[] = [];
  const capture = createCapture(POSES, {
    capture: async () => {
      const answer = answers(++sent);
      if (answer instanceof Error) throw answer;
      return { accepted: false, reason: null, pose: 'front', remaining: POSES, progress: 0, ...answer };
    },
    sample: () => {
      asked = true;
    },
    done: () => events.push('done'),
    failed: () => events.push('failed'),
    stepped: () => events.push('step'),
  });
  const frames = async (
    ms: number,
    f: Parameters<typeof face>[0] | null = {},
    light = {},
    more: number[] = [],
  ): Promise<void> => {
    for (const end = performance.now() + ms; performance.now() < end; ) {
      const due = asked;
      asked = false;
      const one = f ? face(f) : null;
      const faces = one ? [one, ...more.map((size) => face({ x: 80, size }))] : [];
      capture.seen(detection(performance.now(), faces, due ? sample(one, light) : null));
      await vi.advanceTimersByTimeAsync(40);
    }
  };
  return { capture, events, frames, sent: () => sent };
}

describe('the guided capture', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('asks for one pose after the other and ends after the last', async () => {
    const k = setup((n) => ({ accepted: true, remaining: POSES.slice(n), progress: n / 3 }));
    await k.frames(6_000);
    expect(k.events).toEqual(['step', 'step', 'step', 'done']);
    expect(k.sent()).toBe(3);
    expect(k.capture.view.value).toMatchObject({ remaining: [], progress: 1 });
  });

  it('pauses between two poses', async () => {
    const k = setup((n) => ({ accepted: true, remaining: POSES.slice(Math.min(n, 2)), progress: 0.3 }));
    await k.frames(900);
    expect(k.sent()).toBe(1);
  });

  it('shows a complaint only if it lasts, and the pose until then', async () => {
    const k = setup((n) => ({ reason: n % 2 ? 'blurred' : 'hold-pose', remaining: POSES.slice(1), pose: 'left' }));
    await k.frames(4_000);
    expect(k.capture.view.value.reason).toBeNull();
    const steady = setup(() => ({ reason: 'occluded' }));
    await steady.frames(3_000);
    expect(steady.capture.view.value.reason).toBe('occluded');
  });

  it('sends no frame that is too dark, and reports it', async () => {
    const k = setup(() => ({ accepted: true, remaining: [] }));
    await k.frames(2_000, {}, { brightness: 20 });
    expect(k.sent()).toBe(0);
    expect(k.capture.view.value.reason).toBe('too-dark');
  });

  it('sends no picture with a second face, however small', async () => {
    const k = setup(() => ({ accepted: true, remaining: [] }));
    await k.frames(2_000, {}, {}, [40]);
    expect(k.sent()).toBe(0);
    expect(k.capture.view.value.reason).toBe('several-faces');
  });

  it('accepts a turned head from the second pose on', async () => {
    const k = setup((n) => ({
      accepted: n === 1,
      remaining: POSES.slice(1),
      pose: 'left',
      reason: n === 1 ? null : 'hold-pose',
    }));
    await k.frames(1_500, {});
    const before = k.sent();
    await k.frames(2_000, { turn: 0.7 });
    expect(k.sent()).toBeGreaterThan(before + 2);
  });

  it('ends with the first rejection', async () => {
    const k = setup(() => new Error('over'));
    await k.frames(3_000);
    expect(k.events).toEqual(['failed']);
    expect(k.sent()).toBe(1);
  });
});
