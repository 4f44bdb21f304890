import { randomUUID } from 'node:crypto';
import { directionOf, dot, meanOf } from '../../../models/rules/cosine.ts';
import type { RgbImage } from '../../../models/rules/image.ts';
import type { LivenessStrength } from '../../../models/rules/liveness/challenge.ts';
import type { LightAnswer } from '../../../models/rules/liveness/light/answer.ts';
import type { LightSession } from '../../../models/rules/liveness/light/session.ts';
import { CHECKIN_QUALITY } from '../../../models/rules/quality.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import type { FaceFrame } from '../../contract/frames.ts';
import type { CoreMethods, Input, Output, ProbeResult, Receipt } from '../../contract/methods.ts';
import { type Claims, wipe } from '../checkin-methods/claims.ts';
import type { Admission } from '../devices/door/rule.ts';
import type { SealedPlace } from '../devices/gps/places.ts';
import type { CoreOptions } from '../interface.ts';
import { createMutex } from '../mutex.ts';
import type { PinGuard } from '../pin/guard.ts';
import type { PersonPins } from '../pin/person-pins.ts';
import type { NumberSubjects } from '../pin/subjects.ts';
import type { SiteConfig } from '../site/config.ts';
import type { Checkin, NewCheckin, Person, Store } from '../store/interface.ts';
import type { Admit } from './admit.ts';
import { createPinCheckins } from './by-pin.ts';
import { type Claim, type ClaimMatch, settleClaim } from './claim.ts';
import { claimDirection, daysOfSite, isRepeat, type LastCheckin, newest } from './direction.ts';
import type { LightReach } from './light-reach.ts';
import { type FaceChallenge, type LivenessCheck, observationOf, startFaceChallenge } from './liveness-check.ts';
import { countLivenessTries } from './liveness-tries.ts';
import { encodePhoto } from './photo.ts';
import { createUndoTokens } from './receipts.ts';
import type { Recogniser } from './recogniser.ts';
import { NEW_VISIT, nextVisit, type Sample, VISIT_RULES, type VisitAnswer, type VisitState } from './visit.ts';

export interface CheckinDeps {
  readonly store: Pick<Store, 'checkins' | 'people' | 'pins'>;
  readonly recogniser: Recogniser;
  readonly pins: PersonPins;
  readonly guard: PinGuard;
  readonly subjects: NumberSubjects;
  /** The person whose code or badge was shown before the face. */
  readonly claims: Pick<Claims, 'take'>;
  readonly site: SiteConfig;
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  readonly demo: boolean;
  readonly startLiveness: (strength: LivenessStrength) => LivenessCheck;
  /** Screen colours shown after the moves of a challenge; absent if there are none. */
  readonly light?: {
    readonly wanted: () => boolean;
    readonly start: () => LightSession;
    readonly reach: LightReach;
  };
  /** Monotonic clock, ms. Measures the undo window and the pause after failed challenges. */
  readonly monotonic: () => number;
  /** The wall clock that records use, ms since 1970. Measures the repeat window and the attendance day. */
  readonly wall: () => number;
  /** A person's last record at another door of the site, if known. Only a hint for the direction. */
  readonly elsewhere: (person: string) => LastCheckin | null;
  /** Called after each durable record, so that it can be shown or sent. */
  readonly recorded: (checkin: Checkin, person: Person) => void;
  readonly voided: () => void;
  /** The place of a record, encrypted; absent if this kiosk records none. */
  readonly place?: SealedPlace;
  /** Called when a durable record, or a repeat of one, has admitted someone. For the door. */
  readonly admitted?: (admission: Admission) => void;
  readonly log: CoreOptions['log'];
}

type CheckinMethods = Pick<
  CoreMethods,
  'visitBegin' | 'visitEnd' | 'probe' | 'visitFace' | 'voidCheckin' | 'checkinByPin' | 'pinChoose'
>;

/** The current visit. There is at most one: a kiosk has one camera, and two people are never one check-in. */
interface Visit {
  readonly id: string;
  /** The number that was typed, or the code or badge that was shown first, if any. */
  readonly claim: Claim | null;
  state: VisitState;
  answered: boolean;
  challenge: Running | null;
  /** Consecutive samples after the answer that were unlike the face that got it. */
  unlike: number;
}

interface Running {
  readonly challenge: FaceChallenge;
  readonly person: string;
  readonly evidence: Evidence;
  readonly picture: RgbImage;
}

type OtherMethod = Extract<ProbeResult, { kind: 'other-method' }>;

/** A visit ends after this, whatever the screen does, ms. Longer than all attempts at a challenge take. */
const LONGEST_VISIT_MS = 120_000;

/** How many of a visit's newest samples are averaged. Poor ones, of a person still walking up, soon stop counting. */
const AVERAGED = 3;

/** How a face was recognised, as stored in the record. */
type Evidence = Pick<NewCheckin, 'score' | 'second'> & {
  /** The other person this face would match in a 1:1 comparison; null if there is none. */
  readonly alsoLike: string | null;
  readonly open: Required<Pick<NewCheckin['open'], 'method' | 'model' | 'threshold' | 'gallery'>>;
};

/** The main job: turns samples of a face into one durable record, and only then welcomes the person. */
export function createCheckinService(deps: CheckinDeps): CheckinMethods & { readonly admit: Admit } {
  const { store, recogniser, site, monotonic } = deps;
  const tries = countLivenessTries();
  const calendar = daysOfSite();
  const undo = createUndoTokens(site.undoSeconds * 1000);
  let visit: Visit | null = null;
  /** Serialises everything that touches the visit or records a check-in. */
  const exclusive = createMutex();

  /** Records the check-in, unless the same person was recorded within the window. Durable when it returns. */
  async function record(
    person: Person,
    fields: Omit<NewCheckin, 'person' | 'open'> & { open: Omit<NewCheckin['open'], 'direction'> },
    { chosen, alsoLike = null }: { readonly chosen?: 'in' | 'out' | undefined; readonly alsoLike?: string | null } = {},
  ): Promise<Receipt> {
    const last = store.checkins.last(person.id);
    const lastAt = last && { direction: last.direction, at: Date.parse(last.at) };
    const time = deps.wall();
    const anywhere = newest(lastAt, deps.elsewhere(person.id));
    // A fixed or chosen direction is a new check-in if the last record, here or at any door, has the other direction.
    const wanted = chosen ?? (site.direction === 'auto' ? null : site.direction);
    const same = last && (wanted === null || (last.direction === wanted && anywhere?.direction === wanted));
    if (same && isRepeat(lastAt, time, site.repeatWindowSeconds * 1000)) {
      deps.admitted?.({ ...fields.open, direction: last.direction });
      return receipt(last, person, true);
    }
    const direction = chosen ?? claimDirection(site.direction, anywhere, time, calendar(site));
    const claim = !chosen && site.direction === 'auto' ? { direction, automatic: true } : { direction };
    const gps = (await deps.place?.(person)) ?? null;
    const checkin = await store.checkins.record({
      ...fields,
      gps,
      person: person.id,
      open: { ...fields.open, ...claim },
    });
    deps.admitted?.({ ...fields.open, direction });
    deps.recorded(checkin, person);
    return receipt(checkin, person, false, alsoLike);
  }

  function receipt(checkin: Checkin, person: Person, repeated: boolean, alsoLike: string | null = null): Receipt {
    return {
      checkin: checkin.id,
      undo: repeated ? '' : undo.issue(checkin.id, monotonic(), alsoLike),
      name: person.name,
      language: person.language || null,
      direction: checkin.direction,
      at: checkin.at,
      method: checkin.method,
      liveness: checkin.liveness,
      repeated,
    };
  }

  async function welcome(
    current: Visit,
    personId: string,
    evidence: Evidence,
    picture: RgbImage,
    liveness: 'off' | 'off (demo)' | 'passed',
  ): Promise<ProbeResult> {
    current.challenge = null;
    const person = store.people.get(personId);
    if (!person) return otherMethod(current, 'unknown'); // deleted while standing here
    const photo = site.photos ? await photoOf(picture) : null;
    const { alsoLike, ...fields } = evidence;
    const taken = { ...fields, open: { ...fields.open, liveness }, photo, gps: null };
    const result = await record(person, taken, { alsoLike });
    conclude(current); // only now: a write that failed can be tried again by the next sample
    return { kind: 'welcome', receipt: result };
  }

  function livenessFailed(current: Visit, person: string, reason: string | undefined): ProbeResult {
    current.challenge = null;
    forgetSamples(current);
    current.state = NEW_VISIT;
    if (current.claim) current.claim.settled = false;
    tries.failed(person, monotonic());
    if (!tries.exhausted(person, monotonic())) return { kind: 'more', progress: 0 };
    return otherMethod(current, 'liveness', reason);
  }

  /** Encodes a photo, which helps in a dispute. A failure never keeps anyone out. */
  async function photoOf(picture: RgbImage): Promise<Uint8Array | null> {
    try {
      return await encodePhoto(picture);
    } catch (error) {
      deps.log('error', 'check-in: the photo could not be encoded; recorded without it', { error });
      return null;
    }
  }

  async function probe({ visit: id, frame, light }: Input<'probe'>): Promise<ProbeResult> {
    const current = visit;
    if (!current || current.id !== id) throw new Problem('visit-unknown');
    if (current.answered) return { kind: 'done' };
    if (frame.others > 0) {
      // Keep the counters: otherwise a second face shown now and then would buy unlimited samples and challenges.
      forgetSamples(current);
      current.state = { ...current.state, person: null, agreed: 0 };
      if (current.challenge) return livenessFailed(current, current.challenge.person, 'interrupted');
      return { kind: 'guide', reason: 'several-faces' };
    }
    const picture: RgbImage = frame.picture;
    if (current.challenge) return challenge(current, current.challenge, picture, frame, light);
    const { shape, reason } = await recogniser.inspect(picture, frame.box, CHECKIN_QUALITY);
    if (reason) return { kind: 'guide', reason };
    // After an uncertain sample the mirrored face is worth the time it takes.
    const embedding = await recogniser.embed(picture, shape, {
      // Not with a number: the extra time would reveal that the number exists and that the face is close.
      mirrored: !current.claim && current.state.uncertain > 0,
    });
    if (visit !== current || current.answered) return { kind: 'done' };
    const mean = addSample(current, embedding);
    if (current.claim) return compare(current, current.claim, picture, mean);
    const { match, decision } = recogniser.search(mean);
    if (decision.kind === 'too-many-people') return otherMethod(current, 'blocked', 'gallery-too-large');
    const { best, second, people, templates } = match;
    // The last sample has to match on its own too: the person there now may not be the one from before.
    const alone = best && recogniser.verify(embedding, best.person).decision.kind;
    const kind = decision.kind === 'accept' && alone !== 'accept' ? 'uncertain' : decision.kind;
    const answer = step(current, kind, best?.person ?? null);
    if (answer.kind === 'more') return answer;
    if (answer.kind === 'other-method') return otherMethod(current, answer.reason);
    return recognised(current, answer.person, picture, {
      open: {
        method: 'face',
        model: recogniser.model,
        threshold: decision.threshold,
        gallery: { people, templates },
      },
      score: best?.score ?? null,
      second: second?.score ?? null,
      alsoLike: second && second.score >= recogniser.calibration.verification ? second.person : null,
    });
  }

  /** Returns the mean of the samples including this one. One unlike the others is a new face: start over. */
  function addSample(current: Visit, embedding: Float32Array): Float32Array {
    const before = directionOf(meanOf(current.state.embeddings));
    if (!before || dot(before.direction, embedding) < recogniser.calibration.verification) forgetSamples(current);
    const embeddings = [...current.state.embeddings, embedding];
    wipe(embeddings.splice(0, embeddings.length - AVERAGED));
    current.state = { ...current.state, embeddings };
    return meanOf(embeddings);
  }

  /** Drops the samples but keeps the counters. */
  function forgetSamples(current: Visit): void {
    wipe(current.state.embeddings);
    current.state = { ...current.state, embeddings: [] };
  }

  function step(current: Visit, kind: Sample['kind'], person: string | null): VisitAnswer {
    const what: Sample = kind !== 'accept' ? { kind } : person ? { kind, person } : { kind: 'unknown' };
    const { state, answer } = nextVisit(current.state, what);
    current.state = state;
    return answer;
  }

  const admit: Admit = (person, { method, direction, reason }) =>
    exclusive(async () => {
      const fields = { score: null, second: null, photo: null, gps: null, ...(reason !== undefined && { reason }) };
      const receipt = await record(
        person,
        { open: { method, liveness: 'not-needed' }, ...fields },
        { chosen: direction },
      );
      if (visit) conclude(visit);
      return receipt;
    });

  /** Returns the person whose face is expected: the owner of the typed number, or of the code or badge shown before. */
  function claimOf({ number, claim }: Parameters<CheckinMethods['visitBegin']>[0]): Claim | null {
    if (claim !== undefined) {
      const { person, method, templates } = deps.claims.take(claim);
      const subject = deps.subjects.bearer(person);
      return { method, person: store.people.get(person), subject, templates: templates ?? null, settled: false };
    }
    if (number === undefined) return null;
    const [person, subject] = [store.people.byNumber(number), deps.subjects.face(number)];
    return { method: 'number+face', person, subject, templates: null, settled: false };
  }

  /** Compares one sample with the claimed person. A wrong face gets the same answer as a number that nobody has. */
  async function compare(
    current: Visit,
    claim: Claim,
    picture: RgbImage,
    embedding: Float32Array,
  ): Promise<ProbeResult> {
    const claimed = claim.person?.id ?? null;
    const { score, decision } =
      claim.templates && claimed !== null
        ? recogniser.compare(embedding, claim.templates)
        : recogniser.verify(embedding, claimed);
    const answer = step(current, decision.kind, claimed);
    if (answer.kind === 'more') return answer;
    // A card with templates holds 256 random bits. Nobody can guess those, so no pause keeps its owner out.
    const clear = claim.templates ? 'clear' : claimMatch(embedding, score);
    const match = answer.kind === 'recognised' ? clear : 'no';
    const settled = await settleClaim(deps.guard, claim, match);
    if (visit !== current || current.answered) return { kind: 'done' };
    if (settled === 'locked' || settled === 'uncertain') return otherMethod(current, settled);
    const { people, templates } = recogniser.gallery;
    return recognised(current, settled.id, picture, {
      open: {
        method: claim.method,
        model: recogniser.model,
        threshold: decision.threshold,
        gallery: { people, templates },
      },
      score,
      second: null,
      alsoLike: null,
    });
  }

  function claimMatch(embedding: Float32Array, score: number | null): ClaimMatch {
    const { threshold } = recogniser.search(embedding, { calibratedPeople: Number.POSITIVE_INFINITY }).decision;
    return score !== null && score >= threshold ? 'clear' : 'matched';
  }

  /**
   * Ends the visit's decision: no further samples count, and templates from a card are wiped. The samples are kept until the visit
   * ends, to notice if someone else takes the person's place (`face`).
   */
  function conclude(current: Visit): void {
    current.answered = true;
    wipe(current.claim?.templates ?? undefined);
  }

  /**
   * Compares a sample with those that were answered, of the same minute and camera. Not with the person's templates: a face that was
   * mistaken for another's must keep its "Not me". As before an answer, one sample decides nothing.
   */
  async function face({ visit: id, frame }: Input<'visitFace'>): Promise<Output<'visitFace'>> {
    const current = visit;
    if (!current || current.id !== id) throw new Problem('visit-unknown');
    const before = directionOf(meanOf(current.state.embeddings));
    if (!current.answered || !before) return { face: 'same' };
    if (frame.others > 0) return { face: 'unclear' };
    const { shape, reason } = await recogniser.inspect(frame.picture, frame.box, CHECKIN_QUALITY);
    if (reason) return { face: 'unclear' };
    const embedding = await recogniser.embed(frame.picture, shape);
    if (dot(before.direction, embedding) >= recogniser.calibration.verification) current.unlike = 0;
    else current.unlike += 1;
    wipe([embedding]);
    if (current.unlike === 0) return { face: 'same' };
    return { face: current.unlike < VISIT_RULES.agree ? 'unclear' : 'another' };
  }

  function otherMethod(current: Visit, reason: OtherMethod['reason'], code?: string): ProbeResult {
    conclude(current);
    return { kind: 'other-method', reason, ...(code ? { code } : {}) };
  }

  function recognised(
    current: Visit,
    person: string,
    picture: RgbImage,
    evidence: Evidence,
  ): ProbeResult | Promise<ProbeResult> {
    if (site.liveness === 'off') return welcome(current, person, evidence, picture, deps.demo ? 'off (demo)' : 'off');
    if (tries.exhausted(person, monotonic())) return otherMethod(current, 'liveness');
    const { light } = deps;
    const colours = light?.wanted() ? { start: light.start, pass: (answer: LightAnswer) => lit(person, answer) } : null;
    const challenge = startFaceChallenge(deps.startLiveness(site.liveness), colours);
    current.challenge = { challenge, person, evidence, picture };
    return challenge.next();
  }

  /**
   * Ends a visit that was left. Stepping away after a challenge's first prompt counts as a failed attempt: otherwise a recording
   * could wait for a challenge that fits it. So does showing a wrong face and leaving before the answer. If that can't be counted
   * (full disk), the next visit starts anyway, so that nobody else is turned away.
   */
  async function leave(left: Visit | null): Promise<void> {
    if (!left) return;
    forgetSamples(left);
    wipe(left.claim?.templates ?? undefined);
    if (left.challenge?.challenge.prompted()) tries.failed(left.challenge.person, monotonic());
    left.challenge = null;
    if (!left.claim || left.claim.settled || left.state.misses === 0) return;
    try {
      await settleClaim(deps.guard, left.claim, 'no');
    } catch (error) {
      deps.log('error', 'check-in: a wrong face with a number could not be counted', { error });
    }
  }

  /** Ends a visit whose screen has disappeared, so that no face and nothing read from a card stays in memory. */
  function endAlone(begun: Visit): void {
    setTimeout(() => {
      if (visit === begun) visit = null;
      void leave(begun);
    }, LONGEST_VISIT_MS).unref();
  }

  return {
    admit,

    async visitBegin(input) {
      const claim = claimOf(input);
      const left = visit;
      const begun: Visit = { id: randomUUID(), claim, state: NEW_VISIT, answered: false, challenge: null, unlike: 0 };
      visit = begun;
      // The person there now may not be the one whose check-in could be undone.
      undo.close();
      endAlone(begun);
      await leave(left);
      return { visit: begun.id };
    },

    async visitEnd({ visit: id }) {
      const left = visit?.id === id ? visit : null;
      if (left) visit = null;
      await leave(left);
      return {};
    },

    /** One sample at a time: the next sample depends on the result of this one. */
    probe: (input) => exclusive(() => probe(input)),

    visitFace: (input) => exclusive(() => face(input)),

    ...createPinCheckins({ ...deps, admit }),

    async voidCheckin({ checkin, undo: token, reason }) {
      const { alsoLike } = undo.check(checkin, token, monotonic());
      store.checkins.void(checkin, reason, alsoLike ?? undefined);
      undo.close();
      deps.voided();
      return {};
    },
  };

  async function challenge(
    current: Visit,
    running: Running,
    picture: RgbImage,
    frame: FaceFrame,
    light: Input<'probe'>['light'] = [],
  ): Promise<ProbeResult> {
    const { shape } = await recogniser.inspect(picture, frame.box, CHECKIN_QUALITY);
    // The moving head must be the recognised person in every sample. Otherwise someone else stepped in.
    const embedding = await recogniser.embed(picture, shape);
    const templates = current.claim?.templates;
    const { score } = templates
      ? recogniser.compare(embedding, templates)
      : recogniser.verify(embedding, running.person);
    const observation = observationOf(frame, shape, score ?? -1);
    const now = await running.challenge.observe(observation, picture, light);
    if (visit !== current || current.challenge !== running) return { kind: 'done' };
    if (now.state === 'failed') return livenessFailed(current, running.person, now.reason);
    if (now.state === 'going') return running.challenge.next();
    tries.passed(running.person);
    return welcome(current, running.person, running.evidence, running.picture, 'passed');
  }

  /** A face that doesn't reflect the colours fails only if others recently did: otherwise ambient light may be to blame. */
  function lit(person: string, answer: LightAnswer): boolean {
    const reach = deps.light!.reach;
    const counts = reach.proven(person);
    if (answer === 'answered' || answer === 'silent') reach.saw(person, answer === 'answered');
    deps.log('info', 'check-in: light challenge', { outcome: answer, reason: counts ? 'counts' : 'moves-alone' });
    return answer === 'answered' || !counts;
  }
}
