import { z } from 'zod';
import {
  AffectedPeople,
  ChangeIncident,
  Contain,
  Contained,
  Incident,
  IncidentId,
  IncidentNote,
  IncidentPage,
  IncidentQuery,
  IncidentScope,
  IncidentScopeId,
  Notice,
  NoticeQuery,
  Notified,
  OpenIncident,
} from '../../../../protocol/api/incidents.ts';
import { pageFrom, readPageCursor } from '../../../platform/access/cursor.ts';
import { type Call, type RouteSpec, route } from '../../../platform/access/route.ts';
import { affectedBy } from './affected.ts';
import { containIncident } from './contain.ts';
import {
  addScope,
  changeIncident,
  closeIncident,
  type Doing,
  noteIncident,
  noteNotified,
  openIncident,
  removeScope,
} from './incidents.ts';
import { noticeOf } from './notice.ts';
import { listHeld, readIncident, summaryOf } from './record.ts';

const doers = ['admin', 'dpo'] as const;
const readers = [...doers, 'auditor'] as const;
const data = ['incident'];
const SortKey = z.tuple([z.iso.datetime({ precision: 3 }), z.uuid()]);

const doing = ({ tx, services, actor, now }: Call<unknown, unknown, unknown>): Doing => ({
  tx,
  keys: services.keys,
  actor,
  now,
});

/** Does something to an incident, and answers with what it is then. */
const change = async (call: Call<{ incident: string }, unknown, unknown>, work: (d: Doing) => Promise<unknown>) => {
  const { tx, services, params, now } = call;
  call.on(params.incident);
  await work(doing(call));
  return readIncident(tx, services.keys, params.incident, now);
};

/** Incidents: the record that Art. 33(5) GDPR asks for, its 72-hour clock, the affected, the notices. */
export const incidentRoutes: readonly RouteSpec[] = [
  route({
    method: 'GET',
    path: '/api/incidents',
    summary: 'Incidents, newest first, each with its 72-hour clock.',
    roles: readers,
    data,
    action: 'read',
    query: IncidentQuery,
    answer: IncidentPage,
    errors: ['cursor-unreadable'],
    async handle({ tx, services, query: { cursor, limit }, now }) {
      const held = await listHeld(tx, services.keys, readPageCursor(SortKey, cursor), limit + 1);
      return pageFrom(
        held,
        limit,
        (h) => summaryOf(h, now),
        ({ row }) => [row.found_at.toISOString(), row.id],
      );
    },
  }),
  route({
    method: 'POST',
    path: '/api/incidents',
    summary: 'Opens an incident. The 72 hours count from when it was found.',
    roles: doers,
    data,
    action: 'write',
    body: OpenIncident,
    answer: Incident,
    errors: ['incident-times-wrong'],
    async handle(call) {
      const id = await openIncident(doing(call), call.body);
      call.on(id);
      return readIncident(call.tx, call.services.keys, id, call.now);
    },
  }),
  route({
    method: 'GET',
    path: '/api/incidents/:incident',
    summary: 'An incident with its timeline.',
    roles: readers,
    data,
    action: 'read',
    params: IncidentId,
    answer: Incident,
    errors: ['incident-unknown'],
    handle: (call) => change(call, async () => undefined),
  }),
  route({
    method: 'PATCH',
    path: '/api/incidents/:incident',
    summary: 'Changes what is written about an incident.',
    roles: doers,
    data,
    action: 'write',
    params: IncidentId,
    body: ChangeIncident,
    answer: Incident,
    errors: ['incident-unknown', 'incident-closed', 'incident-changed', 'incident-times-wrong'],
    handle: (call) => change(call, (d) => changeIncident(d, call.params.incident, call.body)),
  }),
  route({
    method: 'POST',
    path: '/api/incidents/:incident/notes',
    summary: 'Adds a note to the timeline.',
    roles: doers,
    data,
    action: 'write',
    params: IncidentId,
    body: IncidentNote,
    answer: Incident,
    errors: ['incident-unknown'],
    handle: (call) => change(call, (d) => noteIncident(d, call.params.incident, call.body.text)),
  }),
  route({
    method: 'POST',
    path: '/api/incidents/:incident/scopes',
    summary: 'Says which rows of the audit log show who it affected.',
    roles: doers,
    data,
    action: 'write',
    params: IncidentId,
    body: IncidentScope,
    answer: Incident,
    errors: ['incident-unknown', 'incident-closed'],
    handle: (call) => change(call, (d) => addScope(d, call.params.incident, call.body)),
  }),
  route({
    method: 'DELETE',
    path: '/api/incidents/:incident/scopes/:scope',
    summary: 'Takes a scope back.',
    roles: doers,
    data,
    action: 'delete',
    params: IncidentScopeId,
    answer: Incident,
    errors: ['incident-unknown', 'incident-closed', 'scope-unknown'],
    handle: (call) => change(call, (d) => removeScope(d, call.params.incident, call.params.scope)),
  }),
  route({
    method: 'GET',
    path: '/api/incidents/:incident/affected',
    summary: 'Who it affected, found from the audit log.',
    roles: ['dpo'],
    data: ['incident', 'audit.subjects', 'person.name', 'person.email'],
    action: 'read',
    params: IncidentId,
    answer: AffectedPeople,
    errors: ['incident-unknown'],
    async handle({ tx, services, params: { incident }, about, on }) {
      on(incident);
      const found = await affectedBy(tx, services.keys, incident);
      about(found.people.map((p) => p.person));
      return found;
    },
  }),
  route({
    method: 'GET',
    path: '/api/incidents/:incident/notice',
    summary: 'A draft of the notice to the authority, or to the affected.',
    roles: doers,
    data,
    action: 'read',
    params: IncidentId,
    query: NoticeQuery,
    answer: Notice,
    errors: ['incident-unknown'],
    async handle({ tx, services, params: { incident }, query, now, on }) {
      on(incident);
      const { text, missing } = await noticeOf(tx, services.keys, incident, query, now);
      return { text, missing: [...missing] };
    },
  }),
  route({
    method: 'POST',
    path: '/api/incidents/:incident/notified',
    summary: 'Notes when the authority, or the affected, were notified.',
    roles: doers,
    data,
    action: 'write',
    params: IncidentId,
    body: Notified,
    answer: Incident,
    errors: ['incident-unknown', 'incident-closed', 'incident-times-wrong'],
    handle: (call) => change(call, (d) => noteNotified(d, call.params.incident, call.body)),
  }),
  route({
    method: 'POST',
    path: '/api/incidents/:incident/contain',
    summary: 'New keys of the server, kiosks revoked, sessions ended: all at once, and each noted in the timeline.',
    roles: doers,
    data,
    action: 'operate',
    params: IncidentId,
    body: Contain,
    answer: Contained,
    errors: ['incident-unknown', 'incident-closed'],
    async handle({ tx, services, params: { incident }, body, actor, on, notify }) {
      on(incident);
      return containIncident({ ...services, db: tx, notify }, incident, body, actor);
    },
  }),
  route({
    method: 'POST',
    path: '/api/incidents/:incident/close',
    summary: 'Closes an incident that is documented.',
    roles: doers,
    data,
    action: 'write',
    params: IncidentId,
    answer: Incident,
    errors: ['incident-unknown', 'incident-closed', 'incident-not-documented'],
    handle: (call) => change(call, (d) => closeIncident(d, call.params.incident)),
  }),
];
