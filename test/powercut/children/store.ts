/**
 * Writes what a kiosk's core writes besides check-ins, with its own code: joining a server, pages of the server's log, pictures
 * of an import, deleted photos, a new store key. Prints a line after each, which must be durable from then on. argv: home, grant
 * (JSON).
 */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { finishJoining } from '../../../electron/core/joining/joining.ts';
import { openKiosk } from '../../../electron/core/open-kiosk.ts';
import { applySite } from '../../../electron/core/provision.ts';
import { createDeviceIdentity } from '../../../sync/edge/identity.ts';
import type { Grant } from '../../../sync/protocol/wire/join.ts';
import { aCheckin, aPending } from '../../store/samples.ts';

const home = process.argv[2]!;
const grant = JSON.parse(process.argv[3]!) as Grant;
const done = (what: string) => writeSync(1, `${what}\n`);
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
const { store } = kiosk;
await finishJoining({ ...kiosk, changed: () => undefined }, await createDeviceIdentity(store.device), grant);
done('<joined>');
for (let n = 1; n <= 2; n++) {
  const changes = [2 * n, 2 * n + 1].map((k) => ({
    kind: 'person' as const,
    person: id(k),
    name: `Person ${k}`,
    number: String(k),
    language: 'en',
    gpsOptOut: false,
  }));
  await store.roster.apply({ whole: false, more: true, cursor: String(n), changes });
  done(`<page ${n}>`);
}
applySite(home, { name: 'North gate', timeZone: 'UTC' });
done('<renamed>');
for (const label of ['first', 'second']) {
  await store.imports.keep(aPending({ label, original: Buffer.from(label), picture: randomBytes(3000) }));
  done(`<kept ${label}>`);
}
await store.imports.settle(store.imports.list().find(({ label }) => label === 'first')!.id, 'refused');
done('<settled first>');
const { id: checkin } = await store.checkins.record(aCheckin(id(2), { photo: randomBytes(5000) }));
done('<checkin>');
done(`<id ${checkin}>`);
await store.removal.purgePhotos('2999-01-01T00:00:00.000Z');
done('<photos purged>');
await store.rekey();
done('<rekeyed>');
await kiosk.close();
