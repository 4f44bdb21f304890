import { dot } from '../../../models/rules/cosine.ts';
import type { LivenessStrength } from '../../../models/rules/liveness/challenge.ts';
import type { LightAnswer } from '../../../models/rules/liveness/light/answer.ts';
import type { LightSession } from '../../../models/rules/liveness/light/session.ts';
import { CHECKIN_QUALITY } from '../../../models/rules/quality.ts';
import type { CoreMethods, ProbeResult } from '../../contract/methods.ts';
import { wipe } from '../checkin-methods/claims.ts';
import { createMutex } from '../mutex.ts';
import { type FaceChallenge, type LivenessCheck, observationOf, startFaceChallenge } from './liveness-check.ts';
import type { Recogniser } from './recogniser.ts';
import { VISIT_RULES } from './visit.ts';

/**
 * A trial of the liveness check on site. While one is running, faces in front of the camera are judged only by that check. Nobody
 * is searched for, recognised or recorded, and the person need not be enrolled: as with templates on a card, the moving head is
 * compared with the samples taken before the challenge.
 */

/** An abandoned trial ends after this, ms. Then faces check in again. */
const LEFT_ALONE_MS = 10 * 60_000;

/** The outcome of one presentation: what the check decided, or that it reached no decision. */
export interface Presented {
  readonly outcome: 'passed' | 'failed' | 'no-response';
  /** Why it failed, or why there was no response; null if it passed. */
  readonly reason: string | null;
  /** Counted from the request. */
  readonly seconds: number;
}

type FaceMethods = Pick<CoreMethods, 'visitBegin' | 'visitEnd' | 'probe'>;

export interface LivenessTrial {
  /** Starts the trial, or continues it. @throws Problem why no face is judged here */
  begin(): void;
  end(): void;
  active(): boolean;
  /**
   * Judges the next face by one challenge; starts the trial if it was over.
   * @param ms how long to wait at most
   * @returns null if `signal` was aborted: nobody is waiting any more
   * @throws Problem as `begin`
   */
  present(strength: LivenessStrength, ms: number, signal?: AbortSignal): Promise<Presented | null>;
  /** Wraps the methods so that they see no face while a trial is running. */
  around<T extends FaceMethods>(methods: T): T;
}

export interface TrialDeps {
  readonly recogniser: Pick<Recogniser, 'off' | 'calibration' | 'inspect' | 'embed' | 'compare'>;
  readonly startLiveness: (strength: LivenessStrength) => LivenessCheck;
  /** As at a check-in, except that a face that does not respond to the colours has failed, whatever other faces did before. */
  readonly light: { readonly wanted: () => boolean; readonly start: () => LightSession };
  readonly monotonic: () => number;
  readonly changed: () => void;
}

/** The presentation being waited for. */
interface Presentation {
  readonly strength: LivenessStrength;
  readonly settle: (outcome: Presented['outcome'], reason: string | null) => void;
  visit: string | null;
  challenge: FaceChallenge | null;
  /** Embeddings of one face, before the challenge. */
  samples: Float32Array[];
  guide: string;
}

export function createLivenessTrial({
  recogniser,
  startLiveness,
  light,
  monotonic,
  changed,
}: TrialDeps): LivenessTrial {
  let under = false;
  let alone: NodeJS.Timeout | undefined;
  let awaited: Presentation | null = null;
  /** The visit whose face was judged: that face has to leave before the next presentation. */
  let judged: string | null = null;
  const exclusive = createMutex();

  function set(now: boolean): void {
    const was = under;
    under = now;
    clearTimeout(alone);
    if (now) {
      alone = setTimeout(() => set(false), LEFT_ALONE_MS);
      alone.unref();
    } else awaited?.settle('no-response', 'trial-over');
    if (was !== now) changed();
  }

  function begin(): void {
    if (recogniser.off) throw recogniser.off;
    set(true);
  }

  function forget(presentation: Presentation): void {
    wipe(presentation.samples);
    presentation.samples = [];
  }

  /** The face has left, or another visit has started. */
  function left(): void {
    if (!awaited) return;
    if (awaited.challenge) awaited.settle('no-response', 'left');
    else forget(awaited);
  }

  async function probe({ visit, frame, light: shown = [] }: Parameters<FaceMethods['probe']>[0]): Promise<ProbeResult> {
    const one = awaited;
    if (visit === judged) return { kind: 'done' };
    if (!one) return { kind: 'more', progress: 0 };
    one.visit = visit;
    if (frame.others > 0) {
      if (one.challenge) return over(one, visit, 'failed', 'interrupted');
      forget(one);
      return guide(one, 'several-faces');
    }
    // The trial measures moves and colours together: a person who opts out of the colours was not judged by both.
    if (one.challenge && shown === 'declined' && light.wanted())
      return over(one, visit, 'no-response', 'light-declined');
    const { shape, reason } = await recogniser.inspect(frame.picture, frame.box, CHECKIN_QUALITY);
    if (!one.challenge && reason) return guide(one, reason);
    const embedding = await recogniser.embed(frame.picture, shape);
    if (awaited !== one) return { kind: 'more', progress: 0 };
    if (!one.challenge) {
      const before = one.samples.at(-1);
      if (before && dot(before, embedding) < recogniser.calibration.verification) forget(one);
      one.samples.push(embedding);
      if (one.samples.length < VISIT_RULES.agree) return { kind: 'more', progress: 0.5 };
      const colours = light.wanted()
        ? { start: light.start, pass: (answer: LightAnswer) => answer === 'answered' }
        : null;
      one.challenge = startFaceChallenge(startLiveness(one.strength), colours);
      return one.challenge.next();
    }
    const { score } = recogniser.compare(embedding, one.samples);
    const now = await one.challenge.observe(observationOf(frame, shape, score ?? -1), frame.picture, shown);
    if (awaited !== one) return { kind: 'done' };
    if (now.state === 'going') return one.challenge.next();
    return over(one, visit, now.state, now.state === 'failed' ? (now.reason ?? null) : null);
  }

  function guide(one: Presentation, reason: string): ProbeResult {
    one.guide = reason;
    return { kind: 'guide', reason };
  }

  function over(one: Presentation, visit: string, ...how: Parameters<Presentation['settle']>): ProbeResult {
    judged = visit;
    one.settle(...how);
    return { kind: 'done' };
  }

  return {
    begin,
    end: () => set(false),
    active: () => under,
    present(strength, ms, signal) {
      begin();
      // Another terminal took over: the next face is one presentation, not two.
      awaited?.settle('no-response', 'superseded');
      return new Promise((resolve) => {
        const began = monotonic();
        const finish = (result: Presented | null) => {
          clearTimeout(late);
          signal?.removeEventListener('abort', gone);
          forget(one);
          awaited = null;
          if (under) set(true);
          resolve(result);
        };
        const one: Presentation = {
          strength,
          visit: null,
          challenge: null,
          samples: [],
          guide: 'no-face',
          settle: (outcome, reason) => finish({ outcome, reason, seconds: (monotonic() - began) / 1000 }),
        };
        const late = setTimeout(() => one.settle('no-response', one.challenge ? 'unfinished' : one.guide), ms);
        const gone = () => finish(null);
        signal?.addEventListener('abort', gone);
        awaited = one;
        if (signal?.aborted) gone();
      });
    },
    around: (methods) => ({
      ...methods,
      async visitBegin(input: Parameters<FaceMethods['visitBegin']>[0]) {
        left();
        return methods.visitBegin(input);
      },
      async visitEnd(input: Parameters<FaceMethods['visitEnd']>[0]) {
        if (awaited?.visit === input.visit) left();
        return methods.visitEnd(input);
      },
      probe: (input: Parameters<FaceMethods['probe']>[0]) =>
        under ? exclusive(() => probe(input)) : methods.probe(input),
    }),
  };
}
