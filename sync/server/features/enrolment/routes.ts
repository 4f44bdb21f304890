import { Readable } from 'node:stream';
import type { z } from 'zod';
import { dot } from '../../../../models/rules/cosine.ts';
import { ENROLMENT_QUALITY, IMPORT_QUALITY } from '../../../../models/rules/quality.ts';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/enrolment.ts';
import { markInConsole, partnersOf } from '../../core/lookalikes/store.ts';
import { requireLiving, sameAs } from '../../core/people/living.ts';
import { readPeople } from '../../core/people/records.ts';
import { enrolmentPictures } from '../../core/templates/photos.ts';
import { readTemplates, templateCounts, vectorFrom } from '../../core/templates/templates.ts';
import { askAbout, CASE_DAYS, giveUpCase, keepCase, openCase, removeCase } from '../../core/templates/waiting.ts';
import { implement, Refused, type Route } from '../../platform/access/route.ts';
import { audited } from '../../platform/audit/opened.ts';
import { type Judged, judgePicture, presentPipeline, type UsableFace } from '../embedders/faces.ts';
import { describeDuplicates, mostAlike, requireOverrule } from './alike.ts';
import { addFaces, requireEnrollable } from './enrol.ts';

const verdict = (j: Judged): z.output<typeof api.PictureVerdict> => ({
  code: j.code,
  pose: j.pose,
  yaw: j.measured?.yaw ?? null,
});

/** Score from which two embeddings count as the same picture, so that the second adds nothing. */
const SAME_PICTURE = 0.9999;

const qualityOf = ({ source }: { source: 'camera' | 'photo' }) =>
  source === 'photo' ? IMPORT_QUALITY : ENROLMENT_QUALITY;

const jpeg = (bytes: Uint8Array) => ({ file: Readable.from([bytes]), name: 'face.jpg', type: 'image/jpeg' });

export const enrolmentRoutes: readonly Route[] = [
  implement(api.judgePicture, {
    before: async ({ services, body }) =>
      judgePicture(await presentPipeline(services), Buffer.from(body.picture, 'base64'), qualityOf(body)),
    handle: async ({ prepared }) => verdict(prepared),
  }),
  implement(api.enrolPerson, {
    async before({ services, body }) {
      const pipeline = await presentPipeline(services);
      const judged: Judged[] = [];
      for (const picture of body.pictures)
        judged.push(await judgePicture(pipeline, Buffer.from(picture, 'base64'), qualityOf(body)));
      return judged;
    },
    handle: async ({ tx, services: { keys }, actor, params: { person }, body, prepared, now, about, notify }) => {
      await requireEnrollable(tx, keys, person, now);
      const usable = prepared.filter((j): j is UsableFace => j.code === null);
      const [first] = usable;
      const count = async () => (await templateCounts(tx, person)).reduce((sum, m) => sum + m.count, 0);
      const pictures = prepared.map(verdict);
      const { duplicate } = body;
      const end = async (
        outcome: z.output<typeof api.EnrolmentAnswer>['outcome'],
        duplicates: z.output<typeof api.EnrolmentAnswer>['duplicates'] = [],
      ) => ({ outcome, pictures, duplicates, templates: await count() });
      if (!first) return end('refused');
      const other = duplicate.what === 'overrule' ? duplicate.other : null;
      if (duplicate.what === 'overrule') await requireOverrule(tx, keys, actor, duplicate);
      const not = [
        person,
        ...(await partnersOf(tx, person)),
        ...(other ? [other, ...(await partnersOf(tx, other))] : []),
      ];
      const probes = usable.map(({ embedding }) => ({ embedding, not }));
      const why = { actor, route: 'POST /api/people/:person/enrolment', everyone: true };
      const { alike, own } = await audited(tx, keys, why, now, async (opened) => ({
        alike: await mostAlike(tx, keys, opened, first, probes),
        own: (await readTemplates(tx, keys, opened, [person], first.model)).get(person)?.get(first.model) ?? [],
      }));
      const enrolled = own.map((t) => vectorFrom(Buffer.from(t.vector, 'base64url')));
      // Pictures are compared with the person's templates or, if there are none, with the first picture.
      const known = enrolled.length > 0 ? [...enrolled] : [first.embedding];
      const theirs: UsableFace[] = [];
      const unfit = new Map<number, string>();
      for (const [i, j] of prepared.entries()) {
        if (j.code !== null) continue;
        if (!known.some((k) => dot(k, j.embedding) >= first.calibration.verification)) unfit.set(i, 'another-person');
        else if (enrolled.some((e) => dot(e, j.embedding) >= SAME_PICTURE)) unfit.set(i, 'enrolled-already');
        else {
          theirs.push(j);
          enrolled.push(j.embedding);
        }
      }
      const others = new Map<string, number>();
      for (const a of alike) if (a) others.set(a.person, Math.max(a.score, others.get(a.person) ?? 0));
      const [most] = [...others].sort(([, a], [, b]) => b - a);
      if (most) {
        about(others.keys());
        const found = [...others].map(([id, score]) => ({ person: id, score }));
        const duplicates = await describeDuplicates(tx, keys, found);
        if (duplicate.what !== 'wait' || theirs.length === 0) return end('duplicate', duplicates);
        const waits = { person, other: most[0], score: most[1], source: body.source, faces: theirs, by: actor.id };
        await keepCase(tx, keys, waits, now);
        notify('board');
        return end('waiting', duplicates);
      }
      for (const [i, code] of unfit) pictures[i] = { ...pictures[i]!, code };
      if (theirs.length === 0) return end('refused');
      if (other) {
        about([other]);
        await markInConsole(tx, [person, other], { reason: 'enrolment', by: actor.id }, now);
        notify('board');
      }
      await addFaces(tx, keys, person, theirs, { via: 'staff', by: actor.id }, now);
      notify('change');
      return end('enrolled');
    },
  }),
  implement(api.getPersonPicture, async ({ tx, services: { keys }, actor, params: { person }, now }) => {
    await requireLiving(tx, person, 'none');
    const names = await sameAs(tx, [person]);
    const why = { actor, route: 'GET /api/people/:person/picture' };
    const newest = (await audited(tx, keys, why, now, (opened) => enrolmentPictures(tx, keys, opened, names))).at(-1);
    if (!newest) throw new Problem('picture-unknown');
    return jpeg(newest);
  }),
  implement(api.getEnrolmentCase, async ({ tx, services: { keys }, params, about }) => {
    const found = await openCase(tx, keys, params.case);
    about([found.person, ...(found.other ? [found.other] : [])]);
    const person = (await readPeople(tx, keys, [found.person])).get(found.person);
    const like = found.other ? [{ person: found.other, score: found.score }] : [];
    const [other = null] = await describeDuplicates(tx, keys, like);
    return {
      id: found.id,
      person: { id: found.person, name: person?.name ?? null, number: person?.number ?? null },
      other,
      source: found.source,
      madeAt: found.madeAt.toISOString(),
      until: new Date(found.madeAt.getTime() + CASE_DAYS * 86_400_000).toISOString(),
    };
  }),
  implement(api.getCasePicture, async ({ tx, services: { keys }, params, about }) => {
    const { person, faces } = await openCase(tx, keys, params.case);
    about([person]);
    return jpeg(faces[0]!.picture);
  }),
  implement(api.acceptCase, {
    before: ({ services }) => presentPipeline(services),
    handle: async ({ tx, services: { keys }, actor, params, body: { typed }, prepared, now, about, notify }) => {
      const { model, calibration } = prepared;
      const { person, other, faces } = await openCase(tx, keys, params.case);
      about([person, ...(other ? [other] : [])]);
      await requireEnrollable(tx, keys, person, now);
      if (other) {
        await requireOverrule(tx, keys, actor, { other, typed: typed ?? '' });
        await markInConsole(tx, [person, other], { reason: 'enrolment', by: actor.id }, now);
      }
      if (faces.some((f) => f.model !== model)) throw new Problem('embedder-changed');
      // Someone else may have been enrolled since, and there may be a second similar person.
      const not = [person, ...(await partnersOf(tx, person))];
      const probes = faces.map(({ embedding }) => ({ embedding, not }));
      const why = { actor, route: 'POST /api/enrolment/waiting/:case/accept', everyone: true };
      const alike = await audited(tx, keys, why, now, (opened) =>
        mostAlike(tx, keys, opened, { model, calibration }, probes),
      );
      const [most] = alike.filter((a) => a !== null).sort((a, b) => b.score - a.score);
      if (most) {
        about([most.person]);
        await askAbout(tx, params.case, most);
        notify('board', 'change');
        return new Refused(new Problem('another-lookalike'));
      }
      await addFaces(tx, keys, person, faces, { via: 'staff', by: actor.id }, now);
      await removeCase(tx, params.case);
      notify('board', 'change');
      return undefined;
    },
  }),
  implement(api.refuseCase, async ({ tx, services: { keys }, params, now, about, notify }) => {
    const { person } = await openCase(tx, keys, params.case);
    about([person]);
    await giveUpCase(tx, { id: params.case, person }, now);
    notify('board', 'change');
  }),
];
