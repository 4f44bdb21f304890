import { basename, join } from 'node:path';
import { z } from 'zod';
import { decodePicture } from '../../../models/node/decode.ts';
import { dot } from '../../../models/rules/cosine.ts';
import { IMPORT_QUALITY } from '../../../models/rules/quality.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import { encodePhoto } from '../checkin/photo.ts';
import { duplicateOf, enrolPerson } from '../enrolment/service.ts';
import { readPolicy, templatesOnCards } from '../roster/policy.ts';
import { LANGUAGES } from '../site/config.ts';
import type { Person } from '../store/interface.ts';
import { type CommandContext, type CommandOutput, storeCommand } from './command.ts';
import { codeOf, messageOf } from './error-text.ts';
import { type PersonFolder, personFolders, photoFiles } from './import-folders.ts';
import { type Photo, type RefusedPhoto, sift, type UsablePhoto } from './import-sift.ts';
import { inOrder, PICTURES_AT_ONCE } from './in-order.ts';

/** A second face at least this large a share of the first makes it unclear who is meant. */
const RIVAL_FACE = 0.4;
/** Version recorded when the importer vouches for consents that were collected elsewhere. */
const ASSERTED_CONSENT = 'asserted-at-import';

const Args = z.strictObject({
  folder: z.string().min(1),
  consent: z.string().min(1, 'is empty').max(40, 'is longer than 40 characters').default(ASSERTED_CONSENT),
  language: z.enum(LANGUAGES, `must be one of ${LANGUAGES.join(', ')}`).default('en'),
});
type Args = z.output<typeof Args>;
type Faces = Awaited<ReturnType<CommandContext['faces']>>;

/** What became of a folder. `reason` where the person as a whole is refused. */
interface Result {
  readonly kind: 'added' | 'extended' | 'unchanged' | 'refused';
  readonly id: string | null;
  readonly templates: number;
  readonly refused: readonly RefusedPhoto[];
  readonly reason?: string;
}

/**
 * `people import FOLDER`: a folder a person, named by the folder. Emits one line a photo that was refused and one a
 * person; the last line is the total. Running it again adds only what is new. While one photo is in the models others
 * are decoded; memory holds a few pictures, whatever the folder holds.
 *
 * Exit code 0 when everything was taken (now or before), 1 when a photo or a person was refused.
 */
export const importPeople = storeCommand({
  name: 'people-import',
  beginsKiosk: true,
  args: Args,
  async run(context, args, output) {
    if (templatesOnCards(readPolicy(context.store.sync.policy)))
      throw new Problem(
        'templates-on-cards',
        'at this site templates live on the people’s cards alone',
        'Enrol them at the kiosk, which gives each their card.',
      );
    const folders = await personFolders(args.folder);
    const faces = await context.faces();
    const people = new Map<string, Person[]>();
    const remember = (person: Person) => {
      const name = person.name.normalize('NFC');
      people.set(name, [...(people.get(name) ?? []), person]);
    };
    for (const person of context.store.allPeople()) remember(person);

    const total = {
      people: folders.length,
      added: 0,
      extended: 0,
      unchanged: 0,
      refusedPeople: 0,
      photos: 0,
      refusedPhotos: 0,
    };
    let done = 0;
    let photos: Photo[] = [];
    try {
      for await (const step of inOrder(stepsOf(folders), PICTURES_AT_ONCE, (s) => look(faces, s))) {
        if (step.kind === 'photo') {
          photos.push(step.photo);
          continue;
        }
        const result = await settle(step, photos);
        report(output, step.of, result);
        total.photos += photos.length;
        total.refusedPhotos += result.refused.length;
        if (result.kind === 'refused') total.refusedPeople++;
        else total[result.kind]++;
        photos = [];
        output.progress(++done, folders.length, 'people');
        if (output.gone?.aborted) break;
      }
    } finally {
      context.changed();
    }
    output.line({ total });
    return total.refusedPeople + total.refusedPhotos > 0 ? 1 : 0;

    async function settle(end: Extract<Step, { kind: 'end' }>, photos: readonly Photo[]): Promise<Result> {
      const { name } = end.of;
      if (end.problem) return refusal(end.problem, []);
      if (name === null) return refusal('name-not-usable', []);
      if (photos.length === 0) return refusal('no-photos', []);
      const namesakes = people.get(name) ?? [];
      if (namesakes.length > 0) return extendPerson(context, faces, namesakes, photos);
      return addPerson(context, faces, { ...args, name }, photos, remember);
    }
  },
});

/** One photo of a folder, or the end of a folder. */
type Task =
  | { readonly kind: 'photo'; readonly file: string }
  | { readonly kind: 'end'; readonly of: PersonFolder; readonly problem: string | null };
type Step = { readonly kind: 'photo'; readonly photo: Photo } | Extract<Task, { kind: 'end' }>;

/** All photos one after the other, so that the models stay busy across folders of a single photo. */
async function* stepsOf(folders: readonly PersonFolder[]): AsyncGenerator<Task> {
  for (const of of folders) {
    let problem: string | null = null;
    try {
      if (of.name !== null)
        for (const file of await photoFiles(of.path)) yield { kind: 'photo', file: join(of.path, file) };
    } catch (cause) {
      problem = codeOf(cause, 'folder-not-readable');
    }
    yield { kind: 'end', of, problem };
  }
}

async function look(faces: Faces, task: Task): Promise<Step> {
  return task.kind === 'end' ? task : { kind: 'photo', photo: await examine(faces, task.file) };
}

async function examine({ pipeline, recogniser }: Faces, file: string): Promise<Photo> {
  try {
    const image = await decodePicture(file);
    const [largest, rival] = await pipeline.detect(image);
    if (!largest) return { file, code: 'no-face', message: 'no face was found' };
    if (rival && rival.box[2] * rival.box[3] > RIVAL_FACE * largest.box[2] * largest.box[3]) {
      return { file, code: 'several-faces', message: 'more than one face: unclear who is meant' };
    }
    const { shape, reason } = await recogniser.inspect(image, largest.box, IMPORT_QUALITY);
    if (reason) return { file, code: reason, message: `the face is not good enough: ${reason}` };
    return { file, embedding: await recogniser.embed(image, shape) };
  } catch (cause) {
    return { file, code: codeOf(cause, 'internal'), message: messageOf(cause) };
  }
}

function report(output: CommandOutput, of: PersonFolder, result: Result): void {
  const person = of.name ?? of.folder;
  for (const { file, code, message } of result.refused)
    output.line({ person, photo: basename(file), refused: code, message });
  output.line({
    person,
    id: result.id,
    result: result.kind,
    templates: result.templates,
    refusedPhotos: result.refused.length,
    ...(result.reason ? { reason: result.reason } : {}),
  });
}

function refusal(reason: string, refused: readonly RefusedPhoto[]): Result {
  return { kind: 'refused', id: null, templates: 0, refused, reason };
}

async function addPerson(
  context: CommandContext,
  { recogniser }: Faces,
  { name, language, consent }: Args & { name: string },
  photos: readonly Photo[],
  remember: (person: Person) => void,
): Promise<Result> {
  const { kept, refused } = sift(photos, []);
  const [first] = kept;
  if (!first) return refusal('no-usable-photo', refused);
  const embeddings = kept.map((photo) => photo.embedding);
  if (duplicateOf(recogniser, embeddings)) {
    const message = 'this face already belongs to another person';
    const duplicates = kept.map(({ file }) => ({ file, code: 'duplicate-face', message }));
    return refusal('duplicate-face', [...refused, ...duplicates]);
  }
  // Decoded once more: to keep every picture of a folder until one is chosen could fill the memory.
  const photo = await encodePhoto(await decodePicture(first.file));
  const person = await enrolPerson(
    { store: context.store, recogniser, changed: () => undefined },
    {
      name,
      number: null,
      pinHash: null,
      language,
      consent: { textVersion: consent, language },
      templates: templatesOf(recogniser.model, kept),
      photo,
    },
  );
  remember(person);
  return { kind: 'added', id: person.id, templates: kept.length, refused };
}

function extendPerson(
  context: CommandContext,
  { recogniser }: Faces,
  namesakes: readonly Person[],
  photos: readonly Photo[],
): Result {
  const { person, known } = mostAlike(context, recogniser.model, namesakes, photos);
  const { kept, refused } = sift(photos, known);
  if (kept.length === 0) return { kind: 'unchanged', id: person.id, templates: known.length, refused };
  const added = context.store.addTemplates(person.id, templatesOf(recogniser.model, kept));
  for (const template of added) recogniser.gallery.add(template.id, template.person, template.embedding);
  return { kind: 'extended', id: person.id, templates: known.length + added.length, refused };
}

/** Of several people with this name the one whom the photos resemble most. */
function mostAlike(
  context: CommandContext,
  model: string,
  namesakes: readonly Person[],
  photos: readonly Photo[],
): { person: Person; known: Float32Array[] } {
  const likeness = (known: readonly Float32Array[]) =>
    Math.max(-1, ...photos.flatMap((p) => ('embedding' in p ? known.map((e) => dot(e, p.embedding)) : [])));
  return namesakes
    .map((person) => ({ person, known: context.store.templatesOf(person.id, model).map((t) => t.embedding) }))
    .reduce((best, next) => (likeness(next.known) > likeness(best.known) ? next : best));
}

function templatesOf(model: string, photos: readonly UsablePhoto[]) {
  return photos.map(({ embedding }) => ({ pose: 'photo', model, embedding }));
}
