import { basename } from 'node:path';
import { z } from 'zod';
import { decodeBytes, decodePicture, readBounded } from '../../../models/node/decode.ts';
import { dot } from '../../../models/rules/cosine.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { LANGUAGES } from '../../../sync/protocol/api/languages.ts';
import type { Policy } from '../../../sync/protocol/wire/changes.ts';
import { encodePhoto } from '../checkin/photo.ts';
import { type CommandContext, type CommandOutput, storeCommand } from '../command.ts';
import { duplicateOf } from '../enrolment/duplicates.ts';
import { type Photo, type RefusedPhoto, sift, type UsablePhoto } from '../enrolment/import-sift.ts';
import { addFace } from '../enrolment/on-card.ts';
import { enrolPerson } from '../enrolment/service.ts';
import { facesForbidden, readPolicy, templatesOnCards } from '../site/policy.ts';
import type { Person } from '../store/interface.ts';
import { PeopleByTerm } from '../store/pending-rules.ts';
import { codeOf } from './error-text.ts';
import { examine, keptPart, type NoConsent } from './import-check.ts';
import { type PersonFolder, personFolders, photoFiles } from './import-folders.ts';
import { inOrder, PICTURES_AT_ONCE } from './in-order.ts';

/** Text version recorded when the importer vouches for consents that were collected elsewhere. */
const ASSERTED_CONSENT = 'asserted-at-import';

const Args = z.strictObject({
  folder: z.string().min(1),
  /** Null if nobody states that these people have consented. */
  consent: z.string().min(1, 'is empty').max(40, 'is longer than 40 characters').nullable().default(ASSERTED_CONSENT),
  language: z.enum(LANGUAGES, `must be one of ${LANGUAGES.join(', ')}`).default('en'),
  /** True: staff reviews every picture. */
  review: z.boolean().default(false),
});
type Args = z.output<typeof Args>;
type Faces = Awaited<ReturnType<CommandContext['faces']>>;

/** A photo that waits for staff, or that staff has already decided on. */
interface ForStaff {
  readonly file: string;
  readonly state: 'waiting' | 'accepted' | 'refused' | 'in-person';
  /** Why it is waiting, if it was added now. */
  readonly reason?: string;
}

/** The outcome for one folder. `reason` if the person as a whole is refused. */
interface Result {
  readonly kind: 'added' | 'extended' | 'unchanged' | 'waiting' | 'refused';
  readonly id: string | null;
  readonly templates: number;
  readonly refused: readonly RefusedPhoto[];
  readonly staff: readonly ForStaff[];
  readonly reason?: string;
}

/**
 * `people import FOLDER`: one folder per person, named by the folder, or a picture named after someone already known. Prints one
 * line per photo that was refused or waits for staff, and one per person; the last line is the total. Running it again adds only
 * what is new. While one photo is in the models, others are decoded; memory holds only a few pictures, however large the folder.
 *
 * Exit code 0 if everything was accepted or waits for staff, now or before; 1 if a photo or a person was refused.
 */
export const importPeople = storeCommand({
  name: 'people-import',
  beginsKiosk: true,
  args: Args,
  async run(context, args, output) {
    requireFaces(readPolicy(context.store.roster.policy));
    const folders = await personFolders(args.folder);
    const faces = await context.faces();
    if (faces.recogniser.off) throw faces.recogniser.off;
    const service = importService(context, faces, args);

    const total = {
      people: folders.length,
      added: 0,
      extended: 0,
      unchanged: 0,
      waiting: 0,
      refusedPeople: 0,
      photos: 0,
      waitingPhotos: 0,
      refusedPhotos: 0,
    };
    let done = 0;
    let photos: Photo[] = [];
    try {
      for await (const step of inOrder(stepsOf(folders), PICTURES_AT_ONCE, (s) => service.examineTask(s))) {
        if (step.kind === 'photo') {
          photos.push(step.photo);
          continue;
        }
        const result = await settle(step, photos);
        report(output, step.of, result);
        total.photos += photos.length;
        total.waitingPhotos += result.staff.filter(({ state }) => state === 'waiting').length;
        total.refusedPhotos += result.refused.length;
        if (result.kind === 'refused') total.refusedPeople++;
        else total[result.kind]++;
        photos = [];
        output.progress(++done, folders.length, 'people');
        if (output.signal?.aborted) break;
      }
    } finally {
      context.changed();
    }
    output.line({ total });
    return total.refusedPeople + total.refusedPhotos > 0 ? 1 : 0;

    async function settle(end: Extract<Step, { kind: 'end' }>, photos: readonly Photo[]): Promise<Result> {
      if (end.problem) return refuse(end.problem, []);
      if (end.of.name === null) return refuse('name-not-usable', []);
      if (photos.length === 0) return refuse('no-photos', []);
      return service.settle(end.of.name, end.of.alone, photos);
    }
  },
});

/** @throws Problem `faces-not-allowed`, `templates-on-cards`: the site allows no import, or no longer does */
function requireFaces(policy: Policy | null): void {
  const forbidden = facesForbidden(policy);
  if (forbidden) throw forbidden;
  if (templatesOnCards(policy)) throw new Problem('templates-on-cards');
}

type Task =
  | { readonly kind: 'photo'; readonly file: string; readonly label: string }
  | { readonly kind: 'end'; readonly of: PersonFolder; readonly problem: string | null };
type Step = { readonly kind: 'photo'; readonly photo: Photo } | Extract<Task, { kind: 'end' }>;

/** Yields all photos in sequence, so that the models stay busy across folders with a single photo. */
async function* stepsOf(folders: readonly PersonFolder[]): AsyncGenerator<Task> {
  for (const of of folders) {
    let problem: string | null = null;
    try {
      if (of.name !== null) for (const file of await photoFiles(of)) yield { kind: 'photo', file, label: of.name };
    } catch (cause) {
      problem = codeOf(cause, 'folder-not-readable');
    }
    yield { kind: 'end', of, problem };
  }
}

function report(output: CommandOutput, of: PersonFolder, result: Result): void {
  const person = of.name ?? of.folder;
  for (const { file, state, reason } of result.staff)
    output.line({ person, photo: basename(file), review: state, ...(reason && { reason }) });
  for (const { file, code, message } of result.refused)
    output.line({ person, photo: basename(file), refused: code, message });
  output.line({
    person,
    id: result.id,
    result: result.kind,
    templates: result.templates,
    waitingPhotos: result.staff.filter(({ state }) => state === 'waiting').length,
    refusedPhotos: result.refused.length,
    ...(result.reason ? { reason: result.reason } : {}),
  });
}

function refuse(reason: string, refused: readonly RefusedPhoto[]): Result {
  return { kind: 'refused', id: null, templates: 0, refused, staff: [], reason };
}

/** Decides about the photos of one person after another. */
function importService(context: CommandContext, faces: Faces, args: Args) {
  const { store } = context;
  const { recogniser } = faces;
  const { language, consent } = args;
  const people = new PeopleByTerm(store.people.all());
  const given = (textVersion: string) => ({ textVersion, language });

  /** Queues a photo for staff. One that a person could not judge better either is rejected. */
  async function wait(
    label: string,
    photo: { readonly file: string; readonly seen: NonNullable<RefusedPhoto['seen']> },
    reason: string,
    about: { readonly person?: string | null; readonly duplicate?: string | null } = {},
  ): Promise<ForStaff> {
    const { file, seen } = photo;
    // Decoded a second time: keeping every picture of a folder until all were examined could fill the memory.
    const original = await readBounded(file);
    const kept = await keptPart(await decodeBytes(original), seen);
    const { person = null, duplicate = null } = about;
    const item = { label, file: basename(file), reason, person, duplicate, consent, language, ...kept };
    return { file, state: await store.imports.keep({ ...item, original }), reason };
  }

  /** Queues rejected photos that a person can judge; the rest stay rejected. */
  async function sortOut(label: string, person: string | null, refused: readonly RefusedPhoto[]) {
    const staff: ForStaff[] = [];
    const left: RefusedPhoto[] = [];
    for (const one of refused) {
      // Unlike the person's other photos: a kiosk enrols no such face either. With `review`, staff decides which are theirs.
      if (one.seen && (args.review || one.code !== 'another-person'))
        staff.push(await wait(label, { file: one.file, seen: one.seen }, one.code, { person }));
      else left.push(one);
    }
    return { staff, left };
  }

  async function settle(label: string, alone: boolean, photos: readonly Photo[]): Promise<Result> {
    const before = photos.flatMap((p) => ('before' in p ? [{ file: p.file, state: p.before }] : []));
    requireFaces(readPolicy(store.roster.policy));
    // Read the current state: an erasure or a withdrawn consent may have arrived while the import ran.
    const listed = people.of(label);
    const candidates = listed.flatMap(({ id }) => store.people.get(id) ?? []);
    if (candidates.length < listed.length) return refuse('person-unknown', []);
    const meant = candidates.length > 1 ? clearlyOne(candidates, photos) : (candidates[0] ?? null);
    const known = meant ? store.templates.of(meant.id, recogniser.model).map((t) => t.embedding) : [];
    const { kept, refused } = sift(photos, known, recogniser.calibration);
    const { staff, left } = await sortOut(label, meant?.id ?? null, refused);
    const items = [...before, ...staff];
    const about = { id: meant?.id ?? null, templates: known.length, refused: left };
    const lookalikes = meant ? store.lookalikes.partners(meant.id) : [];
    const owners = kept.map(({ embedding }) => duplicateOf(recogniser, [embedding], meant?.id ?? null, lookalikes));
    const another = owners.find((owner) => owner !== null) ?? null;
    const faceless = candidates.some(({ templates }) => templates === 0);
    const why = faceless ? 'consent-unclear' : reviewReason(candidates, meant, alone, another, args.review);
    if (why !== null || consent === null) {
      for (const one of kept)
        items.push(await wait(label, one, why ?? 'consent-missing', { person: about.id, duplicate: another }));
      return end(about, items, photos.length);
    }
    const [first] = kept;
    if (!first) return end(about, items, photos.length);
    const templates = templatesOf(recogniser.model, kept);
    const deps = { store, recogniser, changed: () => undefined };
    if (meant) {
      await addFace(deps, meant, { consent: given(consent), templates, photo: null });
      return { kind: 'extended', ...about, templates: known.length + kept.length, staff: items };
    }
    const photo = await encodePhoto(await decodePicture(first.file));
    const person = await enrolPerson(deps, {
      name: label,
      number: null,
      pinHash: null,
      language,
      consent: given(consent),
      templates,
      photo,
    });
    people.add(person);
    return { kind: 'added', ...about, id: person.id, templates: kept.length, staff: items };
  }

  /** The result when nothing was added. */
  function end(
    about: Pick<Result, 'id' | 'templates' | 'refused'>,
    staff: readonly ForStaff[],
    photos: number,
  ): Result {
    if (staff.some(({ state }) => state === 'waiting')) return { kind: 'waiting', ...about, staff };
    if (about.id !== null || about.refused.length < photos) return { kind: 'unchanged', ...about, staff };
    return { ...refuse('no-usable-photo', about.refused), staff };
  }

  /** Returns which of several people with this name the photos show; null if that is not clear. */
  function clearlyOne(namesakes: readonly Person[], photos: readonly Photo[]): Person | null {
    const probes = photos.flatMap((p) => ('embedding' in p ? [p.embedding] : []));
    const alike = namesakes.filter((person) =>
      store.templates
        .of(person.id, recogniser.model)
        .some((t) => probes.some((p) => dot(t.embedding, p) >= recogniser.calibration.verification)),
    );
    return alike.length === 1 ? alike[0]! : null;
  }

  /**
   * Returns why no template may be made of people with this name. A person known here without a face may have declined, or
   * withdrawn their consent. A kiosk can't tell, so the importer's word is not enough for them.
   */
  function forbids(label: string): NoConsent | null {
    if (consent === null) return 'consent-missing';
    return people.of(label).some(({ templates }) => templates === 0) ? 'consent-unclear' : null;
  }

  return {
    settle,
    async examineTask(task: Task): Promise<Step> {
      if (task.kind === 'end') return task;
      const { file, label } = task;
      return { kind: 'photo', photo: await examine(faces, store.imports, { file, label, not: forbids(label) }) };
    },
  };
}

/** Returns the code for why someone has to review photos that are good enough; null if no review is needed. */
function reviewReason(
  candidates: readonly Person[],
  meant: Person | null,
  alone: boolean,
  another: string | null,
  review: boolean,
): string | null {
  if (another !== null) return 'duplicate-face';
  if (candidates.length > 1 && meant === null) return 'person-unclear';
  if (alone && meant === null) return 'person-unknown';
  return review ? 'asked' : null;
}

function templatesOf(model: string, photos: readonly UsablePhoto[]) {
  return photos.map(({ embedding, quality }) => ({ pose: 'photo', model, embedding, quality }));
}
