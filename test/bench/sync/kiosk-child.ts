/**
 * A kiosk of the bench in its own process: keys, encrypted store and uplink of a real kiosk core. argv: home.
 * stdin, one command per line: `rewind EPOCH SEQ` moves that epoch's mark back, so that everything after it is sent again; `drain
 * https|mqtt` starts the uplink with only that transport, and stops it once the server has acknowledged everything; `end`.
 * stdout: `ready`, `rewound COUNT`, `drained MS`, where MS is the time from before the connection is opened until the last signed
 * acknowledgement is durable.
 */
import { createInterface } from 'node:readline';
import { openKiosk } from '../../../electron/core/open-kiosk.ts';
import { startRetention } from '../../../electron/core/retention/retention.ts';
import { startKioskSync } from '../../../electron/core/sync/kiosk-sync.ts';
import { readServerLink, writeServerLink } from '../../../electron/core/sync/server-link.ts';
import { type Transport, throughOneTransport } from './kiosk-end.ts';

const kiosk = await openKiosk({ home: process.argv[2]!, deviceSecret: null, allowSecretFile: true });
const { store } = kiosk;
const log = (level: string, message: string, fields?: Record<string, unknown>) => {
  if (level !== 'info') console.error(level, message, fields);
};
const retention = startRetention({ store, site: kiosk.site, log });
const link = readServerLink(store)!;

async function drain(transport: Transport): Promise<number> {
  writeServerLink(store, { ...link, bundle: throughOneTransport(link.bundle, transport) });
  const { promise, resolve } = Promise.withResolvers<void>();
  const check = () => {
    if (store.outbox.count() === 0) resolve();
  };
  const began = performance.now();
  const sync = await startKioskSync({
    store,
    retention,
    log,
    onStatus: check,
    applied: () => undefined,
    dropped: () => undefined,
  });
  await promise;
  const took = performance.now() - began;
  await sync.stop();
  writeServerLink(store, link);
  return took;
}

console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const [order, value, seq] = line.split(' ') as [string, string, string];
  if (order === 'rewind') {
    store.outbox.rewind(value, { committed: Number(seq), safe: 0 });
    console.log(`rewound ${store.outbox.count()}`);
  } else if (order === 'drain') {
    console.log(`drained ${await drain(value as Transport)}`);
  } else break;
}
retention.stop();
await kiosk.close();
process.exit(0);
