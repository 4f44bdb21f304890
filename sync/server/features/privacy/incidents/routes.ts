import * as api from '../../../../protocol/api/incidents.ts';
import { readPeople } from '../../../core/people/records.ts';
import { policyOf } from '../../../core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../../../core/sites/sites.ts';
import { pageFrom, readTimeCursor } from '../../../platform/access/cursor.ts';
import { type Call, implement, type Route } from '../../../platform/access/route.ts';
import { datesOf } from '../../../platform/audit/dates.ts';
import type { Tx } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { findAffected } from '../../audit/affected.ts';
import { containIncident } from './contain.ts';
import {
  addScope,
  changeIncident,
  closeIncident,
  type Doing,
  holdIncident,
  listHeld,
  noteIncident,
  noteNotified,
  openIncident,
  readIncident,
  removeScope,
  scopesOf,
  summaryOf,
} from './incidents.ts';
import { draftNotice } from './notices.ts';

/**
 * Drafts a notice of an incident with the contacts that the site policy names and the counts that the audit log gives.
 *
 * @throws Problem `incident-unknown`
 */
async function noticeOf(
  tx: Tx,
  keys: Keys,
  incident: string,
  o: { readonly to: 'authority' | 'people'; readonly language: api.NoticeLanguage },
  now: Date,
): Promise<api.Notice> {
  const record = await readIncident(tx, keys, incident, now);
  const found = o.to === 'authority' && record.scopes.length > 0 ? await affectedBy(tx, keys, incident) : null;
  const { privacy = null } = await policyOf(tx, DEFAULT_SCOPE);
  return draftNotice(o.to, o.language, {
    incident: record,
    affected: found && { people: found.people.length, rows: found.rows, unknown: found.unknown },
    contacts: privacy,
    now,
  });
}

const doing = ({ tx, services, actor, now }: Call<unknown, unknown, unknown>): Doing => ({
  tx,
  keys: services.keys,
  actor,
  now,
});

/** Changes an incident, and returns its new state. */
const change = async (call: Call<{ incident: string }, unknown, unknown>, work: (d: Doing) => Promise<unknown>) => {
  const { tx, services, params, now } = call;
  await work(doing(call));
  return readIncident(tx, services.keys, params.incident, now);
};

/** Endpoints for incidents: the record that Art. 33(5) GDPR requires, the 72-hour clock, the affected, the notices. */
export const incidentRoutes: readonly Route[] = [
  implement(api.listIncidents, async ({ tx, services, query: { cursor, limit }, now }) => {
    const held = await listHeld(tx, services.keys, readTimeCursor(cursor), limit + 1);
    return pageFrom(
      held,
      limit,
      ({ row }) => [row.found_at.toISOString(), row.id],
      (h) => summaryOf(h, now),
    );
  }),
  implement(api.openIncident, async (call) => {
    const id = await openIncident(doing(call), call.body);
    call.on(id);
    return readIncident(call.tx, call.services.keys, id, call.now);
  }),
  implement(api.getIncident, (call) => change(call, async () => undefined)),
  implement(api.changeIncident, (call) => change(call, (d) => changeIncident(d, call.params.incident, call.body))),
  implement(api.addIncidentNote, (call) => change(call, (d) => noteIncident(d, call.params.incident, call.body.text))),
  implement(api.addIncidentScope, (call) => change(call, (d) => addScope(d, call.params.incident, call.body))),
  implement(api.removeIncidentScope, (call) =>
    change(call, (d) => removeScope(d, call.params.incident, call.params.scope)),
  ),
  implement(api.listAffected, async ({ tx, services, params: { incident }, about }) => {
    const found = await affectedBy(tx, services.keys, incident);
    about(found.people.map((p) => p.person));
    return found;
  }),
  implement(api.getIncidentNotice, ({ tx, services, params: { incident }, query, now }) =>
    noticeOf(tx, services.keys, incident, query, now),
  ),
  implement(api.recordNotified, (call) => change(call, (d) => noteNotified(d, call.params.incident, call.body))),
  implement(api.containIncident, async ({ tx, services, params: { incident }, body, actor, notify }) => {
    return containIncident({ ...services, db: tx, notify }, incident, body, actor);
  }),
  implement(api.closeIncident, (call) => change(call, (d) => closeIncident(d, call.params.incident))),
];

/**
 * Lists the people affected by an incident: those named by audit rows in its scopes, with their present name and e-mail.
 * Empty if it has no scope. The search runs again on each call, so people erased since are no longer found.
 *
 * @throws Problem `incident-unknown`
 */
async function affectedBy(tx: Tx, keys: Keys, incident: string) {
  await holdIncident(tx, keys, incident);
  const scopes = await scopesOf(tx, incident);
  const found = await findAffected(
    tx,
    keys,
    scopes.map(({ scope }) => datesOf(scope)),
  );
  const records = await readPeople(
    tx,
    keys,
    found.people.map((a) => a.person),
  );
  const people = found.people.map((a) => {
    const { name = null, email = null } = records.get(a.person) ?? {};
    return { ...a, name, email };
  });
  return { ...found, people };
}
