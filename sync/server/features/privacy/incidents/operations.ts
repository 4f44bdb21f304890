import { z } from 'zod';
import type { AuditAction } from '../../../../protocol/api/endpoint.ts';
import {
  ChangeIncident,
  Contain,
  IncidentId,
  IncidentNote,
  IncidentScope,
  NoticeQuery,
  Notified,
  OpenIncident,
} from '../../../../protocol/api/incidents.ts';
import { audited } from '../../../core/operator/audited.ts';
import { type OperatorContext, operation, servicesOf } from '../../../core/operator/operation.ts';
import { OPERATOR } from '../../../platform/audit/actor.ts';
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
} from './incidents.ts';
import { noticeOf } from './notice.ts';
import { listHeld, readIncident, summaryOf } from './record.ts';

const of = <S extends z.ZodRawShape>(shape: S) => z.strictObject({ ...IncidentId.shape, ...shape });

/** Incidents from the command line, as the API has them. */
export const incidentOperations = {
  'incident list': operation({
    args: z.strictObject({ limit: z.number().int().min(1).max(1000).default(50) }),
    run: (context, { limit }) =>
      done(context, 'incident list', 'read', null, async ({ tx, keys, now }) =>
        (await listHeld(tx, keys, null, limit)).map((held) => summaryOf(held, now)),
      ),
  }),
  'incident open': operation({
    args: OpenIncident,
    run: (context, args) =>
      done(context, 'incident open', 'write', null, async (d) =>
        readIncident(d.tx, d.keys, await openIncident(d, args), d.now),
      ),
  }),
  'incident show': operation({
    args: IncidentId,
    run: (context, { incident }) => change(context, 'incident show', incident, async () => undefined, 'read'),
  }),
  'incident change': operation({
    args: of({ patch: ChangeIncident.omit({ version: true }) }),
    run: (context, { incident, patch }) =>
      change(context, 'incident change', incident, async (d) => {
        const { version } = await readIncident(d.tx, d.keys, incident, d.now);
        await changeIncident(d, incident, { version, ...patch });
      }),
  }),
  'incident note': operation({
    args: of(IncidentNote.shape),
    run: (context, { incident, text }) =>
      change(context, 'incident note', incident, (d) => noteIncident(d, incident, text)),
  }),
  'incident scope': operation({
    args: of({ scope: IncidentScope }),
    run: (context, { incident, scope }) =>
      change(context, 'incident scope', incident, (d) => addScope(d, incident, scope)),
  }),
  'incident affected': operation({
    args: IncidentId,
    run: (context, { incident }) =>
      done(
        context,
        'incident affected',
        'read',
        incident,
        ({ tx, keys }) => affectedBy(tx, keys, incident),
        ({ people }) => people.map((p) => p.person),
        ['incident', 'audit.subjects', 'person.name', 'person.email'],
      ),
  }),
  'incident notice': operation({
    args: of(NoticeQuery.shape),
    run: (context, { incident, to, language }) =>
      done(context, 'incident notice', 'read', incident, ({ tx, keys, now }) =>
        noticeOf(tx, keys, incident, { to, language }, now),
      ),
  }),
  'incident notified': operation({
    args: of(Notified.shape),
    run: (context, { incident, to, at }) =>
      change(context, 'incident notified', incident, (d) => noteNotified(d, incident, { to, at })),
  }),
  'incident contain': operation({
    args: of(Contain.shape),
    async run(context, { incident, ...what }) {
      const contained = await containIncident(servicesOf(context), incident, what, OPERATOR);
      await context.keyring.refresh();
      context.onChange();
      return contained;
    },
  }),
  'incident close': operation({
    args: IncidentId,
    run: (context, { incident }) => change(context, 'incident close', incident, (d) => closeIncident(d, incident)),
  }),
} as const;

function change(
  context: OperatorContext,
  route: string,
  incident: string,
  work: (d: Doing) => Promise<unknown>,
  action: AuditAction = 'write',
) {
  return done(context, route, action, incident, async (d) => {
    await work(d);
    return readIncident(d.tx, d.keys, incident, d.now);
  });
}

/** In one transaction with its audit row. */
function done<T>(
  context: OperatorContext,
  route: string,
  action: AuditAction,
  resource: string | null,
  work: (d: Doing) => Promise<T>,
  people: (result: T) => readonly string[] = () => [],
  data: readonly string[] = ['incident'],
): Promise<T> {
  return audited(
    context,
    { action, route, resource, data },
    (tx, now) => work({ tx, keys: context.keys, actor: OPERATOR, now }),
    (result) => ({ subjects: people(result) }),
  );
}
