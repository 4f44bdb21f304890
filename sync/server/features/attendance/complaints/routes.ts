import * as api from '../../../../protocol/api/portal.ts';
import { self } from '../../../core/people/self.ts';
import { implement, type Route } from '../../../platform/access/route.ts';
import { findAll } from '../../../platform/database/rows.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { complain, complaintsOf } from './complaints.ts';

export const complaintRoutes: readonly Route[] = [
  implement(api.listMyComplaints, async ({ tx, services: { keys }, actor, about }) => {
    const person = self(actor, about);
    return { items: await complaintsOf(tx, keys, await namesOfPerson(tx, person)) };
  }),
  implement(api.addMyComplaint, async ({ tx, services: { keys }, actor, body, now, about, on, notify }) => {
    const person = self(actor, about);
    on(await complain(tx, keys, { person, ...body }, now));
    notify('board');
    return { items: await complaintsOf(tx, keys, await namesOfPerson(tx, person)) };
  }),
];

/** Every name that a person ever had here: more than one after a merge. */
async function namesOfPerson(db: Db, person: string): Promise<string[]> {
  const rows = await findAll(db, 'person', { merged_into: person }, ['id']);
  return [person, ...rows.map((r) => r.id)];
}
