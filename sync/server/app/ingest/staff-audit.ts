import type { AuditAction } from '../../../protocol/api/endpoint.ts';
import type { StaffActor, WireEvent } from '../../../protocol/wire/event.ts';
import type { Services } from '../../platform/access/route.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { writeAudit } from '../../platform/audit/write.ts';
import type { Tx } from '../../platform/database/schema.ts';
import { eventRulesOf } from '../../platform/server-module.ts';
import { peopleNamed } from './authority.ts';

const NOBODY = { email: null, ip: null, userAgent: null };
const actorOf = (by: StaffActor): Actor =>
  by === 'emergency' ? { role: 'emergency-pin', id: null, ...NOBODY } : { role: 'kiosk-staff', id: by, ...NOBODY };

/**
 * Writes an audit row for each member of staff who changed data of people at a kiosk, per batch (two if they also deleted
 * people). Runs in the ingest's transaction, so events and audit rows are committed together. Call it last (`writeAudit`).
 *
 * @param fresh only new events, so that an event sent twice is audited once
 */
export async function auditStaff(
  tx: Tx,
  { keys, modules }: Pick<Services, 'keys' | 'modules'>,
  device: string,
  fresh: readonly WireEvent[],
  now: Date,
): Promise<void> {
  const rules = eventRulesOf(modules);
  const done = fresh.flatMap((event) => {
    const { type, open } = event.header;
    const { by, change } = open as { by?: StaffActor; change?: string };
    const [data, people] = [rules[type]?.changes, peopleNamed(event)];
    if (by === undefined || data === undefined || people.length === 0) return [];
    const action: AuditAction = type === 'person' && change === 'deleted' ? 'delete' : 'write';
    return [{ by, action, data, people }];
  });
  for (const of of Map.groupBy(done, ({ by, action }) => `${by} ${action}`).values()) {
    const { by, action } = of[0]!;
    const data = of.map((one) => one.data);
    const subjects = of.flatMap((one) => one.people);
    const entry = {
      actor: actorOf(by),
      action,
      route: 'at the kiosk',
      resource: device,
      data,
      subjects,
      outcome: 'ok',
    };
    await writeAudit(tx, keys, entry, now);
  }
}
