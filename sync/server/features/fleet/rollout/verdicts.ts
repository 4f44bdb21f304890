import { sql } from 'kysely';
import { z } from 'zod';
import { Uuid, type WireEvent } from '../../../../protocol/wire/event.ts';
import { BuildVersion } from '../../../../protocol/wire/release.ts';
import type { Tx } from '../../../platform/database/schema.ts';
import { instantOf } from '../../../platform/instant.ts';

/** State of a kiosk's update by the code of its `health` event (docs/develop/protocol.md, Updates). */
const STATES = {
  'update-installed': 'installing',
  'update-healthy': 'healthy',
  'update-rolled-back': 'rolled-back',
  'update-refused': 'refused',
} as const;

const Health = z.object({
  code: z.enum(Object.keys(STATES) as [keyof typeof STATES]),
  detail: z.object({
    rollout: Uuid,
    version: BuildVersion,
    from: z.string().max(64).optional().catch(undefined),
    /** A code and, after a colon, the checks that did not pass: `trial-deadline: camera, match`. */
    reason: z.string().max(60).optional().catch(undefined),
  }),
});

/** Whether an event reports the outcome of an update. */
export const isVerdict = ({ type, open }: { readonly type?: unknown; readonly open?: unknown }): boolean =>
  type === 'health' && Health.safeParse(open).success;

/**
 * Stores what a kiosk reported about updates. The newest report counts, in whatever order they arrive. Runs inside the
 * ingest's transaction. Events in another form or about an unknown rollout are ignored.
 */
export async function keepVerdicts(tx: Tx, events: readonly WireEvent[], device: string, now: Date): Promise<void> {
  const said = events.flatMap(({ header }) => {
    const { data } = Health.safeParse(header.open);
    return header.type === 'health' && data ? [{ ...data, at: instantOf(header, now) }] : [];
  });
  // In order, so that of several events about one rollout the last one wins.
  for (const { code, detail, at } of said) {
    const { rollout, version, from = null, reason = null } = detail;
    await sql`
      insert into rollout_device (rollout, device, state, at, event_at, from_version, reason)
      select r.id, ${device}::uuid, ${STATES[code]}, ${at.toISOString()}::timestamptz, ${at.toISOString()}::timestamptz,
             ${from}, ${reason}
      from rollout r where r.id = ${rollout}::uuid and r.version = ${version}
      on conflict (rollout, device) do update
        set state = excluded.state, at = excluded.at, event_at = excluded.event_at, reason = excluded.reason,
            from_version = coalesce(excluded.from_version, rollout_device.from_version)
        where rollout_device.event_at is null or rollout_device.event_at <= excluded.event_at`.execute(tx);
  }
}
