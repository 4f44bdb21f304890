import { MyComplaints, NewComplaint } from '../../../../protocol/api/portal.ts';
import { self } from '../../../core/people/self.ts';
import { type RouteSpec, route } from '../../../platform/access/route.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { complain, complaintsOf } from './complaints.ts';

const DATA = ['attendance', 'complaint.words'];

const mine = route({
  method: 'GET',
  path: '/api/me/complaints',
  summary: 'What I said was wrong with my records, and what came of it',
  roles: ['person'],
  data: [...DATA, 'attention.note'],
  action: 'read',
  answer: MyComplaints,
  async handle({ tx, services: { keys }, actor, about }) {
    const person = self(actor, about);
    return { items: await complaintsOf(tx, keys, await namesOfPerson(tx, person)) };
  },
});

const say = route({
  method: 'POST',
  path: '/api/me/complaints',
  summary:
    'That record of mine is wrong. Someone in charge looks at it; the record stays, and a correction stands beside it',
  roles: ['person'],
  data: [...DATA, 'attention.note'],
  action: 'write',
  body: NewComplaint,
  answer: MyComplaints,
  errors: ['record-unknown', 'complaints-waiting'],
  limit: { max: 20, perMs: 60_000 },
  async handle({ tx, services: { keys }, actor, body, now, about, on, notify }) {
    const person = self(actor, about);
    on(await complain(tx, keys, { person, ...body }, now));
    notify('board');
    return { items: await complaintsOf(tx, keys, await namesOfPerson(tx, person)) };
  },
});

export const complaintRoutes: readonly RouteSpec[] = [mine, say];

/** Every name that a person ever had here: more than one after a merge. */
async function namesOfPerson(db: Db, person: string): Promise<string[]> {
  const rows = await db.selectFrom('person').select('id').where('merged_into', '=', person).execute();
  return [person, ...rows.map((r) => r.id)];
}
