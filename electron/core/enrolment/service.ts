import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { dot } from '../../../models/rules/cosine.ts';
import { ENROLMENT_QUALITY, qualityScore } from '../../../models/rules/quality.ts';
import { ENROLMENT_POSES, type EnrolmentPose } from '../../../models/rules/reasons.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { consentText } from '../../../sync/protocol/consent-texts.ts';
import { isOfAge } from '../../../sync/protocol/wire/age.ts';
import type { PolicyConsentText } from '../../../sync/protocol/wire/changes.ts';
import type { CaptureResult, CoreMethods, METHODS } from '../../contract/methods.ts';
import { encodePhoto } from '../checkin/photo.ts';
import type { Recogniser } from '../checkin/recogniser.ts';
import { wipe } from '../checkin-methods/claims.ts';
import { createMutex } from '../mutex.ts';
import { numberKey } from '../number-keys.ts';
import { type PinHasher, refuseWeak } from '../pin/pin-hash.ts';
import type { NumberSubjects } from '../pin/subjects.ts';
import { photoDaysShown, privacyIsSet, type SiteConfig } from '../site/config.ts';
import type { StaffService } from '../staff/service.ts';
import type { GivenConsent, NewPerson, Person, Store } from '../store/interface.ts';
import type { Marking } from '../store/lookalikes.ts';
import { checkOverrule, duplicateOf, refuseDuplicate, showDuplicate } from './duplicates.ts';
import { addFace, enrolOnCard, type Gathered } from './on-card.ts';
import { personRow as row } from './person-row.ts';
import { type CaptureState, capturePose, captureProgress, holdsPose, missPose, NEW_CAPTURE } from './poses.ts';

export interface EnrolmentDeps {
  readonly store: Pick<Store, 'events' | 'lockouts' | 'lookalikes' | 'people' | 'photos' | 'pins' | 'templates'>;
  readonly recogniser: Recogniser;
  readonly pins: PinHasher;
  readonly subjects: NumberSubjects;
  readonly staff: StaffService;
  readonly site: SiteConfig;
  /** The operator's own texts, as the server's policy has them; empty: the built-in text. */
  readonly consentTexts: () => readonly PolicyConsentText[];
  /** Why no face may be enrolled here, by the server's policy; null if it may. */
  readonly forbidden: () => Problem | null;
  /** Whether templates are stored only on people's cards: then no picture is kept, and nobody can be compared with others. */
  readonly onCards: () => boolean;
  /** Age below which a guardian consents, years. */
  readonly consentAge: () => number;
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  /** Monotonic clock, ms. */
  readonly monotonic: () => number;
  readonly changed: () => void;
}

type EnrolmentMethods = Pick<
  CoreMethods,
  | 'consentText'
  | 'enrolBegin'
  | 'enrolCapture'
  | 'enrolFinish'
  | 'enrolDuplicate'
  | 'enrolByNumber'
  | 'enrolCancel'
  | 'reenrolments'
  | 'peopleFind'
  | 'personSetPin'
  | 'personDelete'
>;

interface Enrolment {
  readonly id: string;
  readonly details: Gathered['details'];
  capture: CaptureState;
  templates: { pose: EnrolmentPose; embedding: Float32Array; quality: number }[];
  photo: Uint8Array | null;
  readonly person: string | null;
  /** People whose face it is not although it is similar, according to staff. */
  readonly others: Set<string>;
  readonly until: number;
}

const ENROLMENT_MS = 15 * 60_000;

/** Enrolment at the kiosk: consent first, then a guided capture, a duplicate check, and one durable transaction. */
export function createEnrolmentService(deps: EnrolmentDeps): EnrolmentMethods {
  const { store, recogniser, site, staff, monotonic } = deps;
  let running: Enrolment | null = null;
  /** Serialises captures and the end of an enrolment: each depends on the previous one. */
  const exclusive = createMutex();
  /** Forgets the current enrolment: nothing of a person who has finished, or will not, stays in memory. */
  const drop = () => {
    wipe(running?.templates.map((t) => t.embedding));
    running = null;
  };
  staff.onLock(drop);

  /** @throws Problem `consent-text-missing`, `privacy-not-set`: nobody can consent without knowing who is responsible */
  const texts = (language: string) => {
    const who = site.demo || privacyIsSet(site) ? site.privacy : null;
    return consentText(language, who, photoDaysShown(site), deps.consentTexts(), deps.onCards());
  };

  /**
   * Requires that a face may be enrolled now under this consent. Checked at the beginning, and again before storing: meanwhile
   * the server may have sent another text, or forbidden faces.
   * @throws Problem `consent-outdated`, what `texts` throws, and why no face may be enrolled here
   */
  function requireConsent({ textVersion, language }: Pick<GivenConsent, 'textVersion' | 'language'>): void {
    const forbidden = deps.forbidden();
    if (forbidden) throw forbidden;
    const shown = texts(language);
    if (shown.version !== textVersion || shown.language !== language) {
      throw new Problem('consent-outdated');
    }
  }

  function current(id: string): Enrolment {
    if (!running || running.id !== id || running.until < monotonic()) {
      throw new Problem('enrolment-unknown');
    }
    return running;
  }

  function requireFree(number: string): void {
    const owner = store.people.byNumber(number);
    // A number that matches only by its letters and digits is a different number.
    if (owner?.number && numberKey(owner.number) === numberKey(number)) throw new Problem('number-taken');
  }

  /** The first capture decides who it is. For a person whose face is already known here, their templates do. */
  function sameFace({ person, templates: [first] }: Enrolment, embedding: Float32Array): boolean {
    const known = person === null ? [] : store.templates.of(person, recogniser.model);
    const like = known.length > 0 ? known : first ? [first] : [];
    return (
      like.length === 0 || like.some((one) => dot(one.embedding, embedding) >= recogniser.calibration.verification)
    );
  }

  async function capture({ token, enrolment: id, frame }: z.output<(typeof METHODS)['enrolCapture']['input']>) {
    staff.require(token);
    const enrolment = current(id);
    const pose = enrolment.capture.remaining[0];
    const answer = (accepted: boolean, reason: string | null): CaptureResult => ({
      accepted,
      reason,
      pose: pose ?? ENROLMENT_POSES[0],
      remaining: [...enrolment.capture.remaining],
      progress: captureProgress(enrolment.capture),
    });
    if (!pose) return answer(true, null);
    if (frame.others > 0) return answer(false, 'several-faces');
    const { shape, reason } = await recogniser.inspect(frame.picture, frame.box, ENROLMENT_QUALITY);
    // Some poses require a turned head: the pose rule judges yaw, not the quality gate.
    if (reason && reason !== 'turned') return answer(false, reason);
    if (!holdsPose(pose, shape.quality)) {
      enrolment.capture = missPose(enrolment.capture);
      return answer(false, 'hold-pose');
    }
    const embedding = await recogniser.embed(frame.picture, shape, { mirrored: true });
    const refuse = (why: string) => {
      wipe([embedding]);
      return answer(false, why);
    };
    if (running !== enrolment || enrolment.capture.remaining[0] !== pose) return refuse('hold-pose');
    if (!sameFace(enrolment, embedding)) return refuse('another-person');
    enrolment.templates.push({ pose, embedding, quality: qualityScore(shape.quality) });
    if (!deps.onCards()) enrolment.photo ??= await encodePhoto(frame.picture);
    enrolment.capture = capturePose(enrolment.capture);
    return answer(true, null);
  }

  /** Returns the person the captured face may already belong to. A lookalike of the person or of `others` is someone else too. */
  function ownerOf({ templates, person, others }: Enrolment): string | null {
    const pairs = [person, ...others].flatMap((id) => (id === null ? [] : store.lookalikes.partners(id)));
    const embeddings = templates.map((t) => t.embedding);
    return duplicateOf(recogniser, embeddings, person, [...others, ...pairs]);
  }

  async function finish({ token, enrolment: id, overrule }: z.output<(typeof METHODS)['enrolFinish']['input']>) {
    staff.require(token);
    const enrolment = current(id);
    if (enrolment.capture.remaining.length > 0) throw new Problem('capture-incomplete');
    requireConsent(enrolment.details.consent);
    if (deps.onCards()) {
      const made = await enrolOnCard(deps, enrolment);
      drop();
      return { person: row(made.person), card: made.card };
    }
    const { others } = enrolment;
    if (overrule) {
      others.delete(overrule.other); // repeated after a failed write: check it as the first time
      others.add(checkOverrule(deps, { token, overrule, owner: ownerOf(enrolment) }));
    }
    const owner = ownerOf(enrolment);
    if (owner) refuseDuplicate(store, owner);
    const pairs = [...others].filter((id) => store.people.get(id));
    const marking = { reason: 'enrolment', by: staff.require(token).actor } as const;
    const person = await enrolHere(enrolment, pairs, marking);
    drop(); // only now: a failed write must not lose the captures
    return { person: row(person) };
  }

  /** Stores copies of the captures: if the staff session ends meanwhile, the captures are overwritten with zeros. */
  async function enrolHere({ details, photo, ...e }: Enrolment, pairs: string[], marking: Marking): Promise<Person> {
    const { model } = recogniser;
    const templates = e.templates.map((t) => ({ ...t, embedding: t.embedding.slice(), model }));
    try {
      if (e.person === null)
        return await enrolPerson(deps, { ...details, templates, photo, lookalikes: { others: pairs, marking } });
      const subject = store.people.require(e.person);
      // The pair first: no template of theirs may count without it.
      for (const other of pairs) store.lookalikes.mark(subject.id, other, marking);
      return await addFace(deps, subject, { consent: details.consent, templates, photo });
    } finally {
      wipe(templates.map((t) => t.embedding));
    }
  }

  return {
    async consentText({ language }) {
      const { paragraphs, ...text } = texts(language);
      return { ...text, paragraphs: [...paragraphs] };
    },

    async enrolBegin({ token, name, number, pin, language, consent, minor, person = null }) {
      staff.require(token);
      requireConsent({ textVersion: consent.version, language: consent.language });
      if (minor) requireMinor(minor.bornOn, deps.consentAge(), deps.now());
      if (pin !== null && number === null) throw new Problem('pin-without-number');
      if (pin !== null) refuseWeak(pin);
      if (person !== null) store.people.require(person);
      else if (number !== null) requireFree(number);
      const pinHash = pin === null ? null : await deps.pins.hash(pin);
      staff.require(token); // hashing takes a while and the session may have ended: then nothing may stay in memory
      drop();
      running = {
        id: randomUUID(),
        person,
        details: {
          name,
          number,
          language,
          pinHash,
          consent: { textVersion: consent.version, language: consent.language, ...(minor && { minor }) },
        },
        capture: NEW_CAPTURE,
        templates: [],
        photo: null,
        others: new Set(),
        until: monotonic() + ENROLMENT_MS,
      };
      return { enrolment: running.id, poses: [...ENROLMENT_POSES] };
    },

    enrolCapture: (input) => exclusive(() => capture(input)),

    enrolFinish: (input) => exclusive(() => finish(input)),

    async enrolDuplicate({ token, enrolment: id }) {
      staff.require(token);
      const enrolment = current(id);
      return showDuplicate(deps, { token, owner: ownerOf(enrolment), ours: enrolment.photo });
    },

    async enrolByNumber({ token, name, number, pin, language }) {
      staff.require(token);
      refuseWeak(pin);
      requireFree(number);
      const pinHash = await deps.pins.hash(pin);
      staff.require(token);
      const nothing = { consent: null, templates: [], photo: null };
      const person = await store.people.add({ id: randomUUID(), name, number, language, pinHash, ...nothing });
      deps.changed();
      return { person: row(person) };
    },

    async enrolCancel({ token, enrolment: id }) {
      staff.require(token);
      if (running?.id === id) drop();
      return {};
    },

    async reenrolments({ token }) {
      staff.require(token);
      return { people: store.people.reenrolments().map(({ person, reason }) => ({ person: row(person), reason })) };
    },

    async peopleFind({ token, query }) {
      staff.require(token);
      return { people: query.trim() === '' ? [] : store.people.find(query.trim(), 20).map(row) };
    },

    async personSetPin({ token, person: id, pin }) {
      staff.require(token);
      const person = store.people.require(id);
      if (person.number === null) throw new Problem('pin-without-number');
      refuseWeak(pin);
      store.pins.set(person.id, await deps.pins.hash(pin));
      store.lockouts.set(deps.subjects.cleared(person.number)); // or guesses at the old PIN would lock the new one
      deps.changed();
      return {};
    },

    async personDelete({ token, person: id }) {
      staff.require(token);
      const person = store.people.require(id);
      try {
        await store.people.delete(person.id);
      } finally {
        // The deletion may have been committed although a later step failed: the gallery follows the store.
        if (!store.people.get(person.id)) recogniser.know(person.id, []);
      }
      // The next person with this number must not inherit these failures.
      if (person.number !== null) store.lockouts.set(deps.subjects.cleared(person.number));
      deps.changed();
      return {};
    },
  };
}

/** Stores a person, then adds them to the gallery: memory changes only after the commit. */
export async function enrolPerson(
  deps: { store: Pick<Store, 'people' | 'templates'>; recogniser: Recogniser; changed: () => void },
  person: Omit<NewPerson, 'id'>,
): Promise<Person> {
  const stored = await deps.store.people.add({ id: randomUUID(), ...person });
  deps.recogniser.know(stored.id, deps.store.templates.of(stored.id, deps.recogniser.model));
  deps.changed();
  return stored;
}

/** @throws Problem `birth-in-future`, `not-a-minor` */
function requireMinor(bornOn: string, age: number, now: number): void {
  if (Date.parse(bornOn) > now) throw new Problem('birth-in-future');
  if (isOfAge(bornOn, age, now)) throw new Problem('not-a-minor', { age });
}
