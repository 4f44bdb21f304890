import { batch, type ReadonlySignal, signal } from '@preact/signals';
import type { FaceFrame } from '../../electron/contract/frames.ts';
import type { CoreClient, ProbeResult, Receipt } from '../../electron/contract/methods.ts';
import { RpcError } from '../../electron/contract/rpc-error.ts';
import { explained, judge, othersBeside, type Pose, readiness } from './vision/guide.ts';
import type { Detection, FaceCrop, FaceSample } from './vision/messages.ts';
import { createTracker } from './vision/tracker.ts';

export type OtherMethodReason =
  | 'unknown'
  | 'uncertain'
  | 'liveness'
  | 'locked'
  | 'blocked'
  | 'claim-first'
  | 'occluded'
  | 'not-me'
  | 'refused'
  | 'problem';

/** Who someone claims to be before their face is compared: by a number, or by a code or badge that the core accepted. */
export type Claim = { readonly number: string } | { readonly claim: string };

export type Answer =
  | { kind: 'welcome'; receipt: Receipt }
  | { kind: 'other-method'; reason: OtherMethodReason; code: string | null };

/** What the stage shows of the visit under way. */
export interface StageView {
  readonly present: boolean;
  /** What to correct first: a quality reason, or null. */
  readonly reason: string | null;
  readonly challenge: Omit<Extract<ProbeResult, { kind: 'challenge' }>, 'kind' | 'progress' | 'light'> | null;
  /** 0..1, shown by the ring. */
  readonly progress: number;
  /** How this visit was answered, while the face is still in view. `unrecorded`: without a check-in. Null: no answer yet. */
  readonly answered: 'recorded' | 'unrecorded' | null;
}

export const EMPTY_STAGE: StageView = { present: false, reason: null, challenge: null, progress: 0, answered: null };

/** Colours for the screen to show. `follow`: they will be shown after the moves, or once the face is nearer. */
export type LightView = Extract<ProbeResult, { kind: 'light' }>['sequence'] | 'follow' | null;

export interface Visits {
  readonly stage: ReadonlySignal<StageView>;
  readonly light: ReadonlySignal<LightView>;
  /** Reports that the next colour is on the screen. @param at `performance.now()` */
  lit(at: number): void;
  /** Skips the colours for this visit, as the person chose. */
  withoutLight(): void;
  /** Called with each frame, in order. */
  seen(s: Detection): void;
  /** The current face has been dealt with (by PIN, for example): it is ignored until it has left. */
  settle(how: 'recorded' | 'unrecorded'): void;
  /** Starts over, even with a face that was already answered. */
  restart(): void;
}

/** At most eight probes a second. */
const PROBE_MS = 125;
/** The first probes of a visit are sent with every frame instead. Two are enough to recognise a clear face. */
const EAGER_PROBES = 3;
/** How many of these may be pending at once, so that the core never waits for a frame. Later probes are sent one by one. */
const EAGER_AT_ONCE = 2;
/** While moves are requested, twice as many: a head turns in a tenth of a second. */
const MOVE_MS = 60;
/** How often pixels are requested while nobody is here, to notice a covered lens. */
const IDLE_SAMPLE_MS = 500;
/** A sentence is shown at least this long, so that it can be read. */
const SENTENCE_MS = 350;
/** How long only a covered face (mask, veil, dark glasses) is seen before the methods that need no face are offered. */
const OCCLUDED_MS = 5_000;
/** A face lower than this share of the frame's height gets too little of the screen's light. */
const NEAR_ENOUGH = 0.3;
/** Darkness shorter than this is taken for a passing hand. */
const COVERED_MS = 1_500;

/** What a visit depends on. Everything is passed in, so that tests control it. */
export interface VisitDeps {
  readonly core: Pick<CoreClient, 'visitBegin' | 'visitEnd' | 'visitFace' | 'probe'>;
  readonly sample: (crop: boolean) => void;
  /** False while another screen is shown or the core is unavailable: faces are then ignored. */
  readonly allowed: () => boolean;
  /** What was typed or shown before the face; null if nothing. */
  readonly claim: () => Claim | null;
  readonly answer: (answer: Answer) => void;
  /** A face appeared and its visit begins. The person before can no longer undo their check-in. */
  readonly begun: () => void;
  readonly probed: () => void;
}

type Phase = 'none' | 'beginning' | 'probing' | 'answered';

const frameOf = (crop: FaceCrop, s: Detection): FaceFrame => ({
  picture: { width: crop.width, height: crop.height, data: crop.data },
  box: [...crop.box],
  others: othersBeside(s),
  place: crop.place,
  takenAt: s.at,
});

/** Turns frames into visits and probes, and the core's answers into what the stage shows. */
export function createVisits(deps: VisitDeps): Visits {
  const stage = signal<StageView>(EMPTY_STAGE);
  const light = signal<LightView>(null);
  const tracker = createTracker();
  let phase: Phase = 'none';
  let visit: string | null = null;
  /** Counts visits: an answer to an earlier one is discarded. */
  let round = 0;
  /** A sample taken while the visit is still being opened; it is sent once that is done. */
  let early: readonly [FaceCrop, Detection] | null = null;
  let underWay = 0;
  let probes = 0;
  let lastSampleAt = -Infinity;
  let lastSaidAt = -Infinity;
  let darkSince: number | null = null;
  let lastSample: FaceSample | null = null;
  let progress = 0;
  let challenge: StageView['challenge'] = null;
  /** How an answered visit ended. */
  let ending: 'recorded' | 'unrecorded' = 'recorded';
  let occludedSince: number | null = null;
  let sequence: Exclude<LightView, 'follow'> = null;
  /** When each colour appeared on the screen. */
  let shown: number[] = [];
  let declined = false;
  /** Whether someone else may be where the answered face was. */
  let doubtful = false;
  /** What the core last asked the person to change, and until when it is shown. */
  let coreReason: { reason: string; until: number } | null = null;

  const begun = (): boolean => phase === 'beginning' || phase === 'probing';
  const eager = (): boolean => begun() && probes < EAGER_PROBES;

  function end(): void {
    const old = visit;
    phase = 'none';
    visit = null;
    early = null;
    round++;
    progress = 0;
    challenge = null;
    endLight();
    declined = false;
    doubtful = false;
    coreReason = null;
    occludedSince = null;
    lastSample = null;
    // If the connection is lost, the core ends the visit itself.
    if (old) deps.core.visitEnd({ visit: old }).catch(() => undefined);
  }

  function endLight(): void {
    sequence = null;
    shown = [];
    light.value = null;
  }

  async function begin(): Promise<void> {
    phase = 'beginning';
    probes = 0;
    deps.begun();
    const mine = ++round;
    try {
      const made = await deps.core.visitBegin(deps.claim() ?? {});
      if (mine !== round) return void deps.core.visitEnd(made).catch(() => undefined);
      visit = made.visit;
      phase = 'probing';
      if (early) void probe(...early);
      early = null;
    } catch (error) {
      if (mine === round) failed(error);
    }
  }

  function failed(error: unknown): void {
    const code = error instanceof RpcError ? error.code : 'internal';
    // A code or badge is valid for one visit. A person who stepped away has to show it again.
    if (code === 'claim-unknown') finish({ kind: 'other-method', reason: 'refused', code });
    // Disconnected, too slow, or replaced by another visit: begin again. Other errors would persist: offer the other methods.
    else if (['rpc-closed', 'rpc-timeout', 'rpc-busy', 'visit-unknown'].includes(code)) end();
    else finish({ kind: 'other-method', reason: 'problem', code });
  }

  function finish(answer: Answer): void {
    phase = 'answered';
    ending = answer.kind === 'welcome' ? 'recorded' : 'unrecorded';
    challenge = null;
    endLight();
    progress = answer.kind === 'welcome' ? 1 : 0;
    deps.answer(answer);
  }

  async function probe(crop: FaceCrop, s: Detection): Promise<void> {
    if (!visit) return;
    const mine = round;
    underWay++;
    probes++;
    deps.probed();
    const frame = frameOf(crop, s);
    try {
      const colours = declined ? { light: 'declined' as const } : sequence ? { light: [...shown] } : {};
      const result = await deps.core.probe({ visit, frame, ...colours });
      if (mine !== round || phase !== 'probing') return;
      const occluded = result.kind === 'guide' && result.reason === 'occluded';
      occludedSince = occluded ? (occludedSince ?? s.at) : null;
      if (occludedSince !== null && s.at - occludedSince >= OCCLUDED_MS && deps.allowed())
        return finish({ kind: 'other-method', reason: 'occluded', code: null });
      switch (result.kind) {
        case 'more':
          coreReason = null;
          challenge = null;
          endLight();
          progress = result.progress;
          break;
        case 'guide':
          coreReason = { reason: result.reason, until: s.at + 900 };
          break;
        case 'challenge':
          coreReason = null;
          challenge = { step: result.step, index: result.index, of: result.of, hold: result.hold };
          progress = result.progress;
          endLight();
          if (result.light && !declined) light.value = 'follow';
          break;
        case 'light':
          coreReason = null;
          challenge = null;
          progress = 1;
          if (declined) break;
          sequence ??= result.sequence;
          light.value ??= 'follow';
          break;
        case 'welcome':
          finish(result);
          break;
        case 'other-method':
          // Someone on another screen by now has already chosen a method. Don't interrupt them.
          if (!deps.allowed()) end();
          else finish({ kind: 'other-method', reason: result.reason, code: result.code ?? null });
          break;
        case 'done':
          phase = 'answered';
          ending = 'recorded';
          break;
      }
    } catch (error) {
      // If another probe is under way, it decides.
      if (mine === round && phase === 'probing' && underWay === 1) failed(error);
    } finally {
      underWay--;
    }
  }

  /** Ends an answered visit if its face was replaced: the person there now gets a visit of their own. */
  async function compare(crop: FaceCrop, s: Detection): Promise<void> {
    if (!visit) return;
    const mine = round;
    underWay++;
    try {
      const { face } = await deps.core.visitFace({ visit, frame: frameOf(crop, s) });
      if (mine !== round) return;
      if (face === 'another') end();
      else if (face === 'same') doubtful = false;
    } catch {
      // The core no longer knows the answered face: the visit ends when it leaves.
      if (mine === round) doubtful = false;
    } finally {
      underWay--;
    }
  }

  /** Updates the stage if something visible changed. */
  function show(at: number, present: boolean, reason: string | null): void {
    const now = stage.peek();
    const said = reason !== now.reason && at - lastSaidAt < SENTENCE_MS ? now.reason : reason;
    const answered = phase === 'answered' ? ending : null;
    const ring = answered
      ? Number(answered === 'recorded')
      : challenge
        ? progress
        : present
          ? 0.55 * readiness(reason) + 0.45 * progress
          : 0;
    const rounded = Math.round(ring * 50) / 50;
    if (
      now.present === present &&
      now.reason === said &&
      now.challenge === challenge &&
      now.progress === rounded &&
      now.answered === answered
    )
      return;
    if (said !== now.reason) lastSaidAt = at;
    stage.value = { present, reason: said, challenge, progress: rounded, answered };
  }

  return {
    stage,
    light,
    lit: (at) => void shown.push(at),
    withoutLight() {
      declined = true;
      endLight();
    },
    seen(s) {
      const track = tracker.step(s);
      if (track.left || (phase === 'answered' && !track.present)) end();
      if (!deps.allowed()) {
        if (begun()) end();
        return batch(() => show(s.at, false, null));
      }
      if (track.present && phase === 'none' && s.faces.length > 0) void begin();
      if (s.sample) lastSample = s.sample;
      if (!track.present) lastSample = s.sample;
      const pose: Pose = challenge || sequence ? 'any' : 'straight';
      let reason =
        track.present && s.faces.length === 0 ? stage.peek().reason : judge(s, lastSample, track.speed, pose);
      if (reason === 'covered') {
        darkSince ??= s.at;
        if (s.at - darkSince < COVERED_MS) reason = 'no-face';
      } else if (s.sample || s.faces.length > 0) darkSince = null;
      else if (darkSince !== null && s.at - darkSince >= COVERED_MS) reason = 'covered';
      if (sequence && light.peek() === 'follow' && reason === null && s.faces.length > 0) {
        if (s.faces[0]!.box[3] < s.height * NEAR_ENOUGH) reason = 'too-far';
        else light.value = sequence;
      }
      // Only a face that the core recognised has a visit that is still open; after another method nothing can be compared.
      if (phase === 'answered' && visit !== null && track.doubtful) doubtful = true;
      const crop = s.sample?.crop;
      if (crop && reason === null) {
        if (phase === 'beginning') early = [crop, s];
        else if (phase === 'answered') {
          if (doubtful && underWay === 0) void compare(crop, s);
        } else if (phase === 'probing' && underWay < (eager() ? EAGER_AT_ONCE : 1)) void probe(crop, s);
      }
      const due = eager() ? 0 : challenge ? MOVE_MS : track.present ? PROBE_MS : IDLE_SAMPLE_MS;
      if (s.at - lastSampleAt >= due && (phase !== 'answered' || doubtful)) {
        lastSampleAt = s.at;
        const free = eager() || challenge !== null || underWay === 0;
        deps.sample((begun() || doubtful) && free && (reason === null || s.faces.length === 1));
      }
      if (phase === 'answered') reason = null;
      if (coreReason && coreReason.until < s.at) coreReason = null;
      show(s.at, track.present, reason ?? explained(coreReason?.reason ?? null, lastSample));
    },
    settle(how) {
      end();
      phase = 'answered';
      ending = how;
    },
    restart() {
      end();
      tracker.reset();
      // No frame may follow that would update it: the camera may be gone.
      stage.value = EMPTY_STAGE;
    },
  };
}
