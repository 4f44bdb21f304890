import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import type { EventHeader } from '../../sync/protocol/wire/event.ts';
import type { Held } from './checker.ts';
import type { KioskEnd } from './kiosk-end.ts';
import type { WholeSystem } from './whole-system.ts';

interface ServerSide {
  readonly events: Held[];
  /** Ids of the check-ins in attendance. */
  readonly projected: string[];
  readonly quarantined: number;
  /** Intact photos, as `device address`. */
  readonly photos: ReadonlySet<string>;
  /** Check-ins whose personal half is missing although nobody was erased. */
  readonly bare: number;
}

/** Reads the contents of the database, bypassing the server. */
export async function serverSide(world: WholeSystem): Promise<ServerSide> {
  const { host, port, database, user, password, caFile } = world.postgres.address();
  const client = new Client({
    host,
    port,
    database,
    user,
    password: Buffer.from(password!.reveal()).toString('utf8'),
    ssl: { ca: readFileSync(caFile, 'utf8') },
  });
  await client.connect();
  try {
    const { rows } = await client.query<{ device: string; epoch: string; seq: string; header: EventHeader }>(
      'select device, epoch, seq, header from event',
    );
    const checkins = await client.query<{ id: string }>('select id from checkin');
    const bare = await client.query<{ count: string }>(
      "select count(*) from event where type = 'checkin' and (personal is null or person is null)",
    );
    const photos = await client.query<{ photo: string }>(
      "select device || ' ' || address as photo from photo where complete_at is not null",
    );
    const quarantine = await client.query<{ count: string }>('select count(*) from quarantine');
    return {
      events: rows.map((r) => ({ ...r, seq: Number(r.seq) })),
      projected: checkins.rows.map((r) => r.id),
      quarantined: Number(quarantine.rows[0]!.count),
      photos: new Set(photos.rows.map((r) => r.photo)),
      bare: Number(bare.rows[0]!.count),
    };
  } finally {
    await client.end();
  }
}

/** Every event in the store of a kiosk that is not running, and how many templates it has. */
export async function kioskSide(end: KioskEnd): Promise<{ events: Held[]; templates: number; problems: string[] }> {
  const kiosk = await openKiosk({ home: end.home, deviceSecret: null, allowSecretFile: true });
  try {
    const { store } = kiosk;
    const { problems } = await store.check();
    // Pretend that the server has nothing: the outbox then contains every event that the store still has.
    for (const { epoch } of store.outbox.marks()) store.outbox.rewind(epoch, { committed: 0, safe: 0 });
    const events = store.outbox.pending(Number.MAX_SAFE_INTEGER).map(({ header, personal }) => ({
      device: header.device,
      epoch: header.epoch,
      seq: header.seq,
      header,
      photo: personal.photo?.value as string | undefined,
    }));
    return {
      events,
      templates: store.people.all().reduce((sum, { templates }) => sum + templates, 0),
      problems: problems.map((p) => JSON.stringify(p)),
    };
  } finally {
    await kiosk.close();
  }
}
