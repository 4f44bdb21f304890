import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { decodePicture } from '../../../models/node/decode.ts';
import type { FacePipeline } from '../../../models/node/interface.ts';
import { dot } from '../../../models/rules/cosine.ts';
import type { RgbImage } from '../../../models/rules/image.ts';
import { IMPORT_QUALITY } from '../../../models/rules/quality.ts';
import { encodePhoto } from '../checkin/photo.ts';
import type { Recogniser } from '../checkin/recogniser.ts';
import { duplicateOf, enrolPerson } from '../enrolment/service.ts';
import type { Person } from '../store/interface.ts';
import { type CommandContext, storeCommand } from './command.ts';

/** Most templates an import keeps of one person: further photos add search time, hardly accuracy. */
const MAX_TEMPLATES = 10;
/** Cosine above which a photo is the one that is there already (the same file again), not another of the person. */
const SAME_PHOTO = 0.9995;
/** Cosine below which a photo shows somebody else than the person's other photos (1:1 threshold). */
const SAME_PERSON = 0.45;
/** A second face at least this large a share of the first makes it unclear who is meant. */
const RIVAL_FACE = 0.4;
/** Version recorded when the importer vouches for consents that were collected elsewhere. */
const ASSERTED_CONSENT = 'asserted-at-import';

const Args = z.strictObject({
  folder: z.string().min(1),
  consent: z.string().min(1).max(40).default(ASSERTED_CONSENT),
  language: z.enum(['en', 'de']).default('en'),
});

/** A photo that was looked at: a usable face, or a coded reason why not. */
type Photo = { file: string } & ({ image: RgbImage; embedding: Float32Array } | { code: string; message: string });

/**
 * `people import FOLDER`: a folder a person, named by the folder. Emits one line a photo that was refused and one a
 * person; the last line is the total. Running it again adds only what is new.
 */
export const importPeople = storeCommand({
  name: 'people-import',
  args: Args,
  async run(context, args, output) {
    const { pipeline, recogniser } = await context.faces();
    const folders = (await readdir(args.folder, { withFileTypes: true }))
      .filter((e) => e.isDirectory())
      .map((e) => e.name)
      .sort();
    const byName = new Map(context.store.allPeople().map((person) => [person.name, person]));
    const total = {
      people: folders.length,
      added: 0,
      extended: 0,
      unchanged: 0,
      refusedPeople: 0,
      photos: 0,
      refusedPhotos: 0,
    };
    for (const [index, name] of folders.entries()) {
      const folder = join(args.folder, name);
      const files = (await readdir(folder, { withFileTypes: true }))
        .filter((e) => e.isFile())
        .map((e) => e.name)
        .sort();
      const photos: Photo[] = [];
      for (const file of files) photos.push(await examine(pipeline, recogniser, join(folder, file)));
      const known = byName.get(name);
      const result = known
        ? extendPerson(context, recogniser, known, photos)
        : await addPerson(context, recogniser, name, photos, args);
      for (const refused of result.refused)
        output.line({ person: name, photo: basename(refused.file), refused: refused.code, message: refused.message });
      output.line({
        person: name,
        id: result.id,
        result: result.kind,
        templates: result.templates,
        refusedPhotos: result.refused.length,
      });
      total.photos += files.length;
      total.refusedPhotos += result.refused.length;
      if (result.kind === 'refused') total.refusedPeople++;
      else total[result.kind]++;
      output.progress(index + 1, folders.length, 'people');
    }
    context.changed();
    output.line({ total });
    return total.refusedPeople + total.refusedPhotos > 0 ? 1 : 0;
  },
});

async function examine(pipeline: FacePipeline, recogniser: Recogniser, file: string): Promise<Photo> {
  try {
    const image = await decodePicture(file);
    const faces = await pipeline.detect(image);
    const [largest, rival] = faces;
    if (!largest) return { file, code: 'no-face', message: 'no face was found' };
    if (rival && rival.box[2] * rival.box[3] > RIVAL_FACE * largest.box[2] * largest.box[3]) {
      return { file, code: 'several-faces', message: 'more than one face: unclear who is meant' };
    }
    const { shape, reason } = await recogniser.inspect(image, largest.box, IMPORT_QUALITY);
    if (reason) return { file, code: reason, message: `the face is not good enough: ${reason}` };
    return { file, image, embedding: await recogniser.embed(image, shape) };
  } catch (cause) {
    const code =
      cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'picture-unreadable';
    return { file, code, message: cause instanceof Error ? cause.message : String(cause) };
  }
}

interface Result {
  readonly kind: 'added' | 'extended' | 'unchanged' | 'refused';
  readonly id: string | null;
  readonly templates: number;
  readonly refused: { file: string; code: string; message: string }[];
}

type Usable = Extract<Photo, { embedding: Float32Array }>;

/** Splits photos into those that show one person and those refused, with the reason of each. */
function sift(
  photos: readonly Photo[],
  known: readonly Float32Array[],
): { kept: Usable[]; refused: Result['refused'] } {
  const refused: Result['refused'] = [];
  const kept: Usable[] = [];
  const usable = photos.filter((p): p is Usable => 'embedding' in p);
  for (const photo of photos)
    if ('code' in photo) refused.push({ file: photo.file, code: photo.code, message: photo.message });
  const anchors = known.length > 0 ? known : medoid(usable.map((p) => p.embedding));
  for (const photo of usable) {
    const best = Math.max(...anchors.map((a) => dot(a, photo.embedding)));
    const same = [...known, ...kept.map((k) => k.embedding)].some((e) => dot(e, photo.embedding) > SAME_PHOTO);
    if (same) continue;
    if (best < SAME_PERSON)
      refused.push({
        file: photo.file,
        code: 'another-person',
        message: 'does not look like this person’s other photos',
      });
    else if (known.length + kept.length < MAX_TEMPLATES) kept.push(photo);
  }
  return { kept, refused };
}

async function addPerson(
  context: CommandContext,
  recogniser: Recogniser,
  name: string,
  photos: readonly Photo[],
  args: z.output<typeof Args>,
): Promise<Result> {
  const { kept, refused } = sift(photos, []);
  const [first] = kept;
  if (!first) return { kind: 'refused', id: null, templates: 0, refused };
  if (
    duplicateOf(
      recogniser,
      kept.map((p) => p.embedding),
    )
  ) {
    for (const p of kept)
      refused.push({ file: p.file, code: 'duplicate-face', message: 'this face already belongs to another person' });
    return { kind: 'refused', id: null, templates: 0, refused };
  }
  const person = await enrolPerson(
    { store: context.store, recogniser, changed: () => undefined },
    {
      name,
      number: null,
      pinHash: null,
      language: args.language,
      consent: { textVersion: args.consent, language: args.language },
      templates: kept.map((p) => ({ pose: 'photo', model: recogniser.model, embedding: p.embedding })),
      photo: await encodePhoto(first.image),
    },
  );
  return { kind: 'added', id: person.id, templates: kept.length, refused };
}

function extendPerson(
  context: CommandContext,
  recogniser: Recogniser,
  person: Person,
  photos: readonly Photo[],
): Result {
  const known = context.store.templatesOf(person.id, recogniser.model).map((t) => t.embedding);
  const { kept, refused } = sift(photos, known);
  if (kept.length === 0) return { kind: 'unchanged', id: person.id, templates: known.length, refused };
  const added = context.store.addTemplates(
    person.id,
    kept.map((p) => ({ pose: 'photo', model: recogniser.model, embedding: p.embedding })),
  );
  for (const template of added) recogniser.gallery.add(template.id, template.person, template.embedding);
  return { kind: 'extended', id: person.id, templates: known.length + added.length, refused };
}

/** The embedding nearest to all others: one wrong photo in a folder can't become the person. */
function medoid(embeddings: readonly Float32Array[]): Float32Array[] {
  let best: Float32Array | null = null;
  let bestSum = Number.NEGATIVE_INFINITY;
  for (const a of embeddings) {
    let sum = 0;
    for (const b of embeddings) sum += dot(a, b);
    if (sum > bestSum) [best, bestSum] = [a, sum];
  }
  return best ? [best] : [];
}
