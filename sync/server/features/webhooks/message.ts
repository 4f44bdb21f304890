import { NIL } from 'uuid';
import type { z } from 'zod';
import { isOfTopics } from '../../../protocol/api/alerts.ts';
import { type AttentionKind, isUrgent } from '../../../protocol/api/attention.ts';
import type {
  AttentionMessage,
  EmergencyPinMessage,
  ErasedMessage,
  LookalikesMessage,
  RecordMessage,
} from '../../../protocol/api/webhooks.ts';
import { EventHeader } from '../../../protocol/wire/event.ts';
import { selectRows } from '../../core/people/rows.ts';
import { listSites } from '../../core/sites/sites.ts';
import { find } from '../../platform/database/rows.ts';
import type { Db, Row } from '../../platform/database/schema.ts';
import { instantOf } from '../../platform/instant.ts';
import type { Keys } from '../../platform/keys/envelope.ts';

type Message =
  | RecordMessage
  | z.infer<typeof ErasedMessage>
  | z.infer<typeof LookalikesMessage>
  | z.infer<typeof EmergencyPinMessage>
  | z.infer<typeof AttentionMessage>
  | { type: 'webhook.test'; timestamp: string; data: object };

/** A message made from the present state, so that people erased meanwhile are not in it. */
export interface Made {
  readonly body: Message;
  readonly people: readonly string[];
  readonly change: number;
}

/** Makes the message of a delivery. @returns null if its subject no longer exists or is no longer meant for this receiver */
export async function messageOf(
  db: Db,
  keys: Keys,
  delivery: Pick<Row<'webhook_delivery'>, 'kind' | 'subject'>,
  { with_number: withNumber, topics, site: only }: Pick<Row<'webhook'>, 'with_number' | 'topics' | 'site'>,
  now: Date,
): Promise<Made | null> {
  const timestamp = now.toISOString();
  if (delivery.kind === 'webhook.test')
    return { body: { type: 'webhook.test', timestamp, data: {} }, people: [], change: 0 };
  if (delivery.subject === null) return null;
  if (delivery.kind === 'person.erased')
    return { body: { type: 'person.erased', timestamp, data: { person: delivery.subject } }, people: [], change: 0 };
  if (delivery.kind === 'lookalikes.marked') {
    const pair = await find(db, 'lookalike', { id: delivery.subject });
    if (!pair) return null;
    const { id, first, second, reason, at, device } = pair;
    const data = { id, people: [first, second] as [string, string], reason, at: at.toISOString(), device };
    return { body: { type: 'lookalikes.marked', timestamp, data }, people: [first, second], change: 0 };
  }
  if (delivery.kind === 'emergency-pin.used') {
    const used = await db
      .selectFrom('event as e')
      .leftJoin('device as d', 'd.id', 'e.device')
      .select(['e.id', 'e.device', 'e.header', 'd.name'])
      .where('e.id', '=', delivery.subject)
      .executeTakeFirst();
    if (!used) return null;
    const header = EventHeader.parse(used.header);
    const where = header.open.code === 'command-line' ? ('command-line' as const) : ('screen' as const);
    const at = instantOf(header, now).toISOString();
    const data = { id: used.id, device: used.device, deviceName: used.name, at, where };
    return { body: { type: 'emergency-pin.used', timestamp, data }, people: [], change: 0 };
  }
  if (delivery.kind === 'attention.opened' || delivery.kind === 'attention.closed') {
    const item = await find(db, 'alert_item', { id: delivery.subject });
    if (!item || !isOfTopics(topics, item.kind)) return null;
    if (only !== null && !item.sites?.includes(only)) return null;
    const { id, code, device, at } = item;
    const kind = item.kind as AttentionKind;
    const sites = (await listSites(db)).filter((site) => item.sites?.includes(site.id)).map(({ name }) => name);
    const deviceName = (device && (await find(db, 'device', { id: device }, ['name']))?.name) ?? null;
    const closedAt = item.closed_at?.toISOString() ?? null;
    const data = { id, kind, code, urgent: isUrgent(item), sites, device, deviceName, at: at.toISOString(), closedAt };
    return { body: { type: delivery.kind, timestamp, data }, people: [], change: 0 };
  }
  const row = await db
    .selectFrom('checkin as c')
    .leftJoin('device as d', 'd.id', 'c.device')
    .selectAll('c')
    .select('d.name as device_name')
    .select((e) =>
      e
        .selectFrom('checkin_void as v')
        .select('v.reason')
        .whereRef('v.target', '=', 'c.id')
        .whereRef('v.device', '=', 'c.device')
        .limit(1)
        .as('reason'),
    )
    .where('c.id', '=', delivery.subject)
    .executeTakeFirst();
  if (!row) return null;
  const sites = await listSites(db);
  const site = row.site === null ? sites.find((s) => s.isDefault) : sites.find((s) => s.id === row.site);
  if (only !== null && site?.id !== only) return null;
  const [person] = withNumber && row.person !== null ? await selectRows(db, keys, [row.person]) : [];
  const because = row.reason ?? (row.superseded_by ? 'corrected' : row.duplicate_of ? 'duplicate' : null);
  return {
    body: {
      type: 'attendance.record',
      timestamp,
      data: {
        id: row.id,
        change: Number(row.change),
        at: row.at.toISOString(),
        site: site?.name ?? '',
        device: row.device === NIL ? null : (row.device_name ?? row.device),
        direction: row.resolved,
        method: row.method as RecordMessage['data']['method'],
        counts: because === null,
        because,
        person: row.person,
        ...(withNumber && { number: person?.values.number ?? null }),
      },
    },
    people: row.person === null ? [] : [row.person],
    change: Number(row.change),
  };
}
