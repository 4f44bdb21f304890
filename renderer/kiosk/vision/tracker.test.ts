import { describe, expect, it } from 'vitest';
import { detection, face } from '../../../test/kit/detections.ts';
import { createTracker, GONE_MS } from './tracker.ts';

describe('tracking the face in front', () => {
  it('keeps it through a short gap, and loses it after a longer one', () => {
    const tracker = createTracker();
    expect(tracker.step(detection(0, [face()])).present).toBe(true);
    expect(tracker.step(detection(GONE_MS - 100, []))).toMatchObject({ present: true, left: false });
    expect(tracker.step(detection(GONE_MS + 1, []))).toMatchObject({ present: false, left: true });
    expect(tracker.step(detection(GONE_MS + 40, []))).toMatchObject({ present: false, left: false });
  });

  it('treats a jump across the frame as another person at once', () => {
    const tracker = createTracker();
    tracker.step(detection(0, [face({ x: 120, size: 120 })]));
    expect(tracker.step(detection(40, [face({ x: 500, size: 120 })]))).toMatchObject({ present: true, left: true });
  });

  it('treats the next in line, or anyone who steps in from the side within the gap, as another person', () => {
    const line = createTracker();
    line.step(detection(0, [face({ x: 300, size: 240 })]));
    expect(line.step(detection(300, [face({ x: 340, size: 130 })]))).toMatchObject({ present: true, left: true });
    const sides = createTracker();
    sides.step(detection(0, [face({ x: 120, size: 120 })]));
    sides.step(detection(300, []));
    expect(sides.step(detection(600, [face({ x: 500, size: 120 })]))).toMatchObject({ present: true, left: true });
  });

  it('keeps someone who comes nearer', () => {
    const tracker = createTracker();
    tracker.step(detection(0, [face({ x: 300, size: 100 })]));
    for (const [i, size] of [110, 125, 140, 160, 180, 200, 225].entries())
      expect(tracker.step(detection(100 * (i + 1), [face({ x: 300, size })])).left).toBe(false);
  });

  it('does not treat a step aside as another person', () => {
    const tracker = createTracker();
    tracker.step(detection(0, [face({ x: 300 })]));
    expect(tracker.step(detection(40, [face({ x: 330 })]))).toMatchObject({ present: true, left: false });
  });

  it('is unsure of a face that was out of view, or moved farther than a head does, and only until the next picture', () => {
    const tracker = createTracker();
    const doubtful = (at: number, ...faces: ReturnType<typeof face>[]) => tracker.step(detection(at, faces)).doubtful;
    const ours = [face(), face({ x: 330 }), face({ x: 330, size: 210 })].map((one, i) => doubtful(40 * i, one));
    expect(ours).toEqual([false, false, false]);
    expect([doubtful(120), doubtful(160, face()), doubtful(200, face())]).toEqual([false, true, false]);
    expect([doubtful(240, face({ x: 420 })), doubtful(280, face({ x: 420, size: 150 }))]).toEqual([true, true]);
    expect(doubtful(320, face({ x: 420, size: 150 }))).toBe(false);
  });

  it('ignores a passer-by in the distance', () => {
    expect(createTracker().step(detection(0, [face({ size: 40 })])).present).toBe(false);
  });

  it('measures speed in box widths per second', () => {
    const tracker = createTracker();
    tracker.step(detection(0, [face({ x: 300, size: 200 })]));
    expect(tracker.step(detection(100, [face({ x: 320, size: 200 })])).speed).toBeCloseTo(1);
  });
});
