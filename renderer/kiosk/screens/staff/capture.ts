import { type ReadonlySignal, signal } from '@preact/signals';
import type { CoreClient } from '../../../../electron/contract/methods.ts';
import { ENROLMENT_QUALITY } from '../../../../models/rules/quality.ts';
import { explained, judge } from '../../vision/guide.ts';
import type { Detection, FaceCrop, FaceSample } from '../../vision/messages.ts';
import { createTracker } from '../../vision/tracker.ts';

export interface CaptureView {
  readonly pose: string;
  readonly remaining: readonly string[];
  /** What to correct first. Null if nothing, or if only the head has not yet reached the pose. */
  readonly reason: string | null;
  /** 0..1 over all poses. */
  readonly progress: number;
  readonly present: boolean;
}

export interface CaptureDeps {
  readonly capture: (
    frame: Parameters<CoreClient['enrolCapture']>[0]['frame'],
  ) => ReturnType<CoreClient['enrolCapture']>;
  readonly sample: (crop: boolean) => void;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
  readonly stepped: () => void;
}

/** At most five pictures a second, since people need a moment between two poses. */
const CAPTURE_MS = 200;
/** How long a complaint must last to be shown, and is shown at least. A turning head is blurred for a moment. */
const PATIENCE_MS = 700;
/** Pause after an accepted pose, so that the sentence for the next one can be read. */
const BREATH_MS = 900;

/** Guides an enrolment through its poses, and sends frames to the core for a verdict. */
export function createCapture(poses: readonly string[], deps: CaptureDeps) {
  const view = signal<CaptureView>({
    pose: poses[0] ?? '',
    remaining: poses,
    reason: null,
    progress: 0,
    present: false,
  });
  const tracker = createTracker();
  let lastSample: FaceSample | null = null;
  let lastAskedAt = -Infinity;
  let quietUntil = -Infinity;
  let sending = false;
  let over = false;
  let verdict: { reason: string; until: number } | null = null;

  /** The complaint waiting to be shown, and since when. */
  let waiting: { reason: string | null; since: number } = { reason: null, since: 0 };

  /** Returns the reason to show: null (the pose's own sentence) until something else has been wrong for a while. */
  const settle = (reason: string | null, now: number): string | null => {
    // `hold-pose` and null both show the pose's sentence.
    if (reason === 'hold-pose') reason = null;
    if (reason !== waiting.reason) waiting = { reason, since: now };
    return now - waiting.since >= PATIENCE_MS ? reason : view.peek().reason;
  };
  const show = (change: Partial<CaptureView>): void => {
    const next = { ...view.peek(), ...change };
    const now = view.peek();
    if (next.reason !== now.reason || next.present !== now.present || next.remaining !== now.remaining)
      view.value = next;
  };

  async function send(crop: FaceCrop, s: Detection): Promise<void> {
    sending = true;
    try {
      const result = await deps.capture({
        picture: { width: crop.width, height: crop.height, data: crop.data },
        box: [...crop.box],
        others: s.faces.length - 1,
        takenAt: s.at,
      });
      if (over) return;
      if (result.reason) verdict = { reason: result.reason, until: performance.now() + 700 };
      else verdict = null;
      if (result.remaining.length !== view.peek().remaining.length) {
        quietUntil = performance.now() + BREATH_MS;
        verdict = null;
        view.value = {
          ...view.peek(),
          pose: result.remaining[0] ?? result.pose,
          remaining: result.remaining,
          progress: result.progress,
          reason: null,
        };
        deps.stepped();
        if (result.remaining.length === 0) {
          over = true;
          deps.done();
        }
      }
    } catch (error) {
      over = true;
      deps.failed(error);
    } finally {
      sending = false;
    }
  }

  return {
    view: view as ReadonlySignal<CaptureView>,
    seen(s: Detection): void {
      if (over) return;
      const track = tracker.step(s);
      if (s.sample) lastSample = s.sample;
      // From the second pose on a turned head may be what was requested. The core judges it.
      const free = view.peek().remaining.length < poses.length;
      // Nobody else may be in the picture: whose face is stored must not be in doubt.
      const reason =
        s.faces.length > 1
          ? 'several-faces'
          : judge(s, lastSample, track.speed, free ? 'any' : 'straight', ENROLMENT_QUALITY);
      const now = performance.now();
      const crop = s.sample?.crop;
      if (crop && reason === null && !sending && now >= quietUntil) void send(crop, s);
      if (now - lastAskedAt >= CAPTURE_MS) {
        lastAskedAt = now;
        deps.sample(!sending && s.faces.length === 1);
      }
      if (verdict && verdict.until < now) verdict = null;
      show({ present: track.present, reason: settle(reason ?? explained(verdict?.reason ?? null, lastSample), now) });
    },
    stop(): void {
      over = true;
    },
  };
}
