import { decodeBytes } from '../../../models/node/decode.ts';
import { dot } from '../../../models/rules/cosine.ts';
import { leeway } from '../../../models/rules/decision.ts';
import type { Box } from '../../../models/rules/image.ts';
import { IMPORT_QUALITY, qualityScore } from '../../../models/rules/quality.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { isReadableName } from '../../../sync/protocol/wire/name.ts';
import type { CoreMethods, ReviewItem } from '../../contract/methods.ts';
import { encodePhoto } from '../checkin/photo.ts';
import type { Recogniser } from '../checkin/recogniser.ts';
import { wipe } from '../checkin-methods/claims.ts';
import type { CoreOptions } from '../interface.ts';
import { createMutex } from '../mutex.ts';
import { PENDING_DAYS } from '../retention/retention.ts';
import type { StaffService } from '../staff/service.ts';
import type { Person, Store } from '../store/interface.ts';
import type { PendingPhoto } from '../store/pending.ts';
import { PeopleByTerm } from '../store/pending-rules.ts';
import { checkOverrule, duplicateOf, type Overrule, refuseDuplicate, showDuplicate } from './duplicates.ts';
import { MAX_TEMPLATES } from './import-sift.ts';
import { addFace } from './on-card.ts';
import { personRow } from './person-row.ts';
import { enrolPerson } from './service.ts';

export interface ReviewDeps {
  readonly store: Pick<Store, 'events' | 'imports' | 'lookalikes' | 'people' | 'photos' | 'templates'>;
  readonly recogniser: Recogniser;
  readonly staff: Pick<StaffService, 'require' | 'onLock'>;
  /** Why no face may be enrolled here, by the server's policy; null if it may. */
  readonly forbidden: () => Problem | null;
  /** Whether templates are stored only on people's cards: then no template is made from a picture. */
  readonly onCards: () => boolean;
  readonly changed: () => void;
  readonly log: CoreOptions['log'];
}

type Methods = Pick<
  CoreMethods,
  'reviewCount' | 'reviewList' | 'reviewShow' | 'reviewAccept' | 'reviewDuplicate' | 'reviewRefuse'
>;

const DAY = 86_400_000;
/** How many are listed at a time: nobody reviews more in one go. */
const MOST = 200;

/**
 * Pictures of an import that wait for a decision, as staff views and settles them. Opening the list, viewing a picture and each
 * decision leave an event with a code and no name. An accepted picture is an enrolment like any other.
 */
export function createReview(deps: ReviewDeps): Methods {
  const { store, recogniser, staff } = deps;
  const { imports } = store;
  /** One decision at a time: each depends on the people added by the previous one. */
  const exclusive = createMutex();
  /** Pictures that this staff session has viewed; each is recorded once. */
  const traced = new Set<string>();
  /** For each picture, people whose face it is not although it is similar, according to this session. */
  const others = new Map<string, Set<string>>();
  staff.onLock(() => {
    traced.clear();
    others.clear();
  });

  /** Records an action of staff. A full disk keeps nobody from the list; then only the log records it. */
  function trace(code: string, detail: Record<string, string | number | boolean>): void {
    if (!store.events.reportIfSpace(code, detail))
      deps.log('warn', 'review: no space left to record what staff did', { code, ...detail });
    deps.changed();
  }

  function candidatesOf(photo: PendingPhoto, people: PeopleByTerm): Person[] {
    const joined = photo.person === null ? null : store.people.get(photo.person);
    return joined ? [joined] : people.of(photo.label);
  }

  const duplicateIn = (photo: PendingPhoto) => (photo.duplicate === null ? null : store.people.get(photo.duplicate));

  function item(photo: PendingPhoto, people: PeopleByTerm): ReviewItem {
    const candidates = candidatesOf(photo, people);
    const duplicate = duplicateIn(photo);
    return {
      id: photo.id,
      label: photo.label,
      reason: photo.reason,
      addedAt: new Date(photo.addedAt).toISOString(),
      until: new Date(photo.addedAt + PENDING_DAYS * DAY).toISOString(),
      people: candidates.map(personRow),
      duplicate: duplicate && personRow(duplicate),
      asNew: isReadableName(photo.label),
      consent: photo.consent !== null,
    };
  }

  /** @throws Problem `person-unknown`: the picture is not theirs, by name or by face */
  function meant(photo: PendingPhoto, id: string): Person {
    const among = [...candidatesOf(photo, new PeopleByTerm(store.people.all())), duplicateIn(photo)];
    const person = among.find((one) => one?.id === id);
    if (!person) throw new Problem('person-unknown');
    return person;
  }

  /**
   * Returns the person a picture may be enrolled for, according to the current state; `subject` null: someone new.
   * @throws Problem why it may not be used; `review-photo-unknown`
   */
  function permitted(
    id: string,
    person: string | null,
  ): { photo: PendingPhoto; consent: string; subject: Person | null } {
    const forbidden = deps.forbidden() ?? recogniser.off;
    if (forbidden) throw forbidden;
    if (deps.onCards()) throw new Problem('templates-on-card');
    const photo = imports.get(id);
    const { consent } = photo;
    if (consent === null) throw new Problem('consent-missing');
    const subject = person === null ? null : meant(photo, person);
    // They may have declined, or withdrawn consent since: then only their own consent counts. Enrolling them as a new person of
    // that name would bypass this.
    const theirs = subject ? [subject] : new PeopleByTerm(store.people.all()).of(photo.label);
    if (theirs.some(({ templates }) => templates === 0)) throw new Problem('consent-missing');
    if (subject === null && !isReadableName(photo.label)) throw new Problem('name-not-usable');
    return { photo, consent, subject };
  }

  /** Returns the face that would be enrolled from a picture; the caller wipes its embedding. */
  async function faceOf(photo: PendingPhoto) {
    const image = await decodeBytes(await imports.open(photo.id));
    const [left, top, width, height] = photo.face;
    const box: Box = [left * image.width, top * image.height, width * image.width, height * image.height];
    // Staff judges its quality: they see the picture and why it needs a decision.
    const { shape } = await recogniser.inspect(image, box, IMPORT_QUALITY);
    const embedding = await recogniser.embed(image, shape, { mirrored: true });
    return { image, embedding, quality: qualityScore(shape.quality) };
  }

  async function accept(id: string, person: string | null, o: { token: string; overrule?: Overrule | undefined }) {
    const { photo } = permitted(id, person);
    const { image, embedding, quality } = await faceOf(photo);
    const likeness = person === null ? await encodePhoto(image) : null;
    try {
      // While the models ran, an erasure or a withdrawal of consent may have arrived.
      const { consent, subject } = permitted(id, person);
      const { token, overrule } = o;
      const own = others.get(id) ?? new Set();
      others.set(id, own);
      if (overrule) {
        own.delete(overrule.other);
        own.add(checkOverrule(deps, { token, overrule, owner: ownerOf(id, embedding, subject) }));
      }
      const owner = ownerOf(id, embedding, subject);
      if (owner) refuseDuplicate(store, owner);
      const pairs = [...own].filter((one) => store.people.get(one));
      const marking = { reason: 'enrolment', by: staff.require(token).actor } as const;
      const { language } = photo;
      const given = { textVersion: consent, language };
      const templates = [{ pose: 'photo', model: recogniser.model, embedding, quality }];
      if (subject === null) {
        const details = { name: photo.label, number: null, pinHash: null, language, consent: given };
        return await enrolPerson(deps, {
          ...details,
          templates,
          photo: likeness,
          lookalikes: { others: pairs, marking },
        });
      }
      const known = store.templates.of(subject.id, recogniser.model).map((t) => t.embedding);
      // As in an enrolment at the kiosk: staff alone can't assign someone's face to another person.
      const { calibration } = recogniser;
      if (known.length > 0 && !known.some((one) => dot(one, embedding) >= calibration.verification))
        throw new Problem('another-person');
      // A copy exists if a kill happened between the enrolment and the deletion of the picture.
      if (known.some((one) => dot(one, embedding) > leeway(calibration).samePicture) || known.length >= MAX_TEMPLATES)
        return subject;
      // The pair first: no template of theirs may count without it.
      for (const other of pairs) store.lookalikes.mark(subject.id, other, marking);
      return await addFace(deps, subject, { consent: given, templates, photo: null });
    } finally {
      wipe([embedding]);
    }
  }

  /** Returns the person the face of a picture may already belong to, as in an enrolment. */
  function ownerOf(photo: string, embedding: Float32Array, subject: Person | null): string | null {
    const own = [...(others.get(photo) ?? [])];
    const pairs = [...(subject ? [subject.id] : []), ...own].flatMap((id) => store.lookalikes.partners(id));
    return duplicateOf(recogniser, [embedding], subject?.id ?? null, [...own, ...pairs]);
  }

  return {
    async reviewCount({ token }) {
      staff.require(token);
      return { count: imports.count() };
    },

    async reviewList({ token }) {
      staff.require(token);
      const waiting = imports.list();
      if (!traced.has('list')) trace('review-opened', { waiting: waiting.length });
      traced.add('list');
      const people = new PeopleByTerm(store.people.all());
      return { photos: waiting.slice(0, MOST).map((photo) => item(photo, people)), count: waiting.length };
    },

    async reviewShow({ token, photo: id }) {
      staff.require(token);
      const { face, reason } = imports.get(id);
      const picture = await imports.open(id);
      staff.require(token); // the session may have ended while the picture was read
      if (!traced.has(id)) trace('review-photo-shown', { reason });
      traced.add(id);
      return { picture: new Uint8Array(picture), face: [...face] };
    },

    reviewAccept: ({ token, photo, person, overrule }) =>
      exclusive(async () => {
        staff.require(token);
        const { reason } = imports.get(photo);
        const taken = await accept(photo, person, { token, overrule });
        await imports.settle(photo, 'accepted', taken.id);
        trace('review-photo-accepted', { reason });
        return { person: personRow(store.people.get(taken.id) ?? taken) };
      }),

    async reviewDuplicate({ token, photo: id, person }) {
      staff.require(token);
      const { photo, subject } = permitted(id, person);
      const { embedding } = await faceOf(photo);
      const owner = ownerOf(id, embedding, subject);
      wipe([embedding]);
      staff.require(token); // the session may have ended while the models ran
      return showDuplicate(deps, { token, owner, ours: await imports.open(id) });
    },

    reviewRefuse: ({ token, photo, enrolled }) =>
      exclusive(async () => {
        staff.require(token);
        const { reason } = imports.get(photo);
        await imports.settle(photo, enrolled === null ? 'refused' : 'in-person', enrolled);
        trace('review-photo-refused', { reason, inPerson: enrolled !== null });
        return {};
      }),
  };
}
