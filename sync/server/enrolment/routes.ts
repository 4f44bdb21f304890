import { z } from 'zod';
import { dot } from '../../../models/rules/cosine.ts';
import { ENROLMENT_QUALITY, IMPORT_QUALITY } from '../../../models/rules/quality.ts';
import { EnrolmentAnswer, JudgePicture, NewEnrolment, PictureVerdict } from '../../protocol/api/enrolment.ts';
import { Uuid } from '../../protocol/wire/event.ts';
import { type DoorSpec, door } from '../access/door.ts';
import type { RouteSpec } from '../access/route.ts';
import { audited } from '../audit/opened.ts';
import { readTemplates } from '../changes/templates.ts';
import { requirePresentConsent } from '../consents/record.ts';
import { presentPipeline } from '../embedders/present.ts';
import { namesOf } from '../people/records.ts';
import { templateCounts } from '../people/templates.ts';
import { mostAlike } from './alike.ts';
import { addFaces, requireEnrollable } from './enrol.ts';
import { type Judged, judgePicture, type UsableFace, vectorFrom } from './faces.ts';

const verdict = (j: Judged): z.output<typeof PictureVerdict> => ({
  code: j.code,
  pose: j.pose,
  yaw: j.measured?.yaw ?? null,
});

const judge = door({
  method: 'POST',
  path: '/api/enrolment/judge',
  summary: 'What a picture is good for: the first thing to mend, or nothing. It is of nobody yet, and is not kept',
  roles: ['admin', 'staff'],
  data: [],
  action: 'read',
  body: JudgePicture,
  maxBody: 6 * 1024 * 1024,
  answer: PictureVerdict,
  limit: { max: 240, perMs: 60_000 },
  before: async ({ services, body: { picture } }) =>
    judgePicture(await presentPipeline(services), Buffer.from(picture, 'base64'), ENROLMENT_QUALITY),
  handle: async ({ prepared }) => verdict(prepared),
} satisfies DoorSpec<z.ZodType, z.ZodType, typeof JudgePicture, Judged>);

const One = z.strictObject({ person: Uuid });

const enrol = door({
  method: 'POST',
  path: '/api/people/:person/enrolment',
  summary:
    'Make templates of somebody from pictures, under their consent; a face that is somebody else’s is told, and not kept',
  roles: ['admin', 'staff'],
  data: ['template', 'photo', 'person.name'],
  action: 'write',
  params: One,
  body: NewEnrolment,
  maxBody: 36 * 1024 * 1024,
  answer: EnrolmentAnswer,
  refusals: [
    'person-unknown',
    'erasure-requested',
    'consent-missing',
    'consent-outdated',
    'own-consent-required',
    'faces-off',
    'templates-on-card',
  ],
  limit: { max: 60, perMs: 60_000 },
  async before({ services, body: { pictures, source } }) {
    const pipeline = await presentPipeline(services);
    const judged: Judged[] = [];
    for (const picture of pictures) {
      const quality = source === 'photo' ? IMPORT_QUALITY : ENROLMENT_QUALITY;
      judged.push(await judgePicture(pipeline, Buffer.from(picture, 'base64'), quality));
    }
    return judged;
  },
  async handle({ tx, services: { keys }, actor, params: { person }, body, prepared, now, about, tell }) {
    about([person]);
    await requireEnrollable(tx, keys, person, now);
    await requirePresentConsent(tx, person);
    const usable = prepared.filter((j): j is UsableFace => j.code === null);
    const [first] = usable;
    const count = async () => (await templateCounts(tx, person)).reduce((sum, m) => sum + m.count, 0);
    const pictures = prepared.map(verdict);
    if (!first) return { outcome: 'refused' as const, pictures, duplicates: [], templates: await count() };
    const why = { actor, route: 'POST /api/people/:person/enrolment', everyone: true };
    const { alike, own } = await audited(tx, keys, why, now, async (opened) => ({
      alike: await mostAlike(
        tx,
        keys,
        opened,
        first,
        usable.map(({ embedding }) => ({ embedding, not: person })),
      ),
      own: (await readTemplates(tx, keys, opened, [person], first.model)).get(person)?.get(first.model) ?? [],
    }));
    const others = new Map<string, number>();
    for (const a of alike)
      if (a && !body.notDuplicateOf.includes(a.person))
        others.set(a.person, Math.max(a.score, others.get(a.person) ?? 0));
    if (others.size > 0) {
      about(others.keys());
      const names = await namesOf(tx, keys, [...others.keys()]);
      const duplicates = [...others].map(([id, score]) => ({ person: id, name: names.get(id) ?? null, score }));
      return { outcome: 'duplicate' as const, pictures, duplicates, templates: await count() };
    }
    // What is known of them says who they are; without it the first picture does.
    const known = own.length > 0 ? own.map((t) => vectorFrom(Buffer.from(t.vector, 'base64url'))) : [first.embedding];
    const theirs = usable.filter((f) => known.some((k) => dot(k, f.embedding) >= first.calibration.verification));
    for (const [i, j] of prepared.entries())
      if (j.code === null && !theirs.includes(j)) pictures[i] = { ...pictures[i]!, code: 'another-person' };
    if (theirs.length === 0) return { outcome: 'refused' as const, pictures, duplicates: [], templates: await count() };
    await addFaces(tx, keys, person, theirs, { via: 'staff', by: actor.id }, now);
    tell('change');
    return { outcome: 'enrolled' as const, pictures, duplicates: [], templates: await count() };
  },
} satisfies DoorSpec<typeof One, z.ZodType, typeof NewEnrolment, Judged[]>);

export const enrolmentRoutes: readonly RouteSpec[] = [judge, enrol];
