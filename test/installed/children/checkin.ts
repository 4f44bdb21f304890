import { setTimeout as sleep } from 'node:timers/promises';
import { openKiosk } from '../../../electron/core/open-kiosk.ts';
import { kioskHome } from '../../../electron/core/paths.ts';
import { startUplink } from '../../../electron/core/sync/link.ts';
import { aCheckin } from '../../store/samples.ts';

/*
 * A kiosk run from the sources that has joined a server. It receives the people of its site, records an arrival of each, prints
 * their names, and ends once the server has the arrivals.
 */

const kiosk = await openKiosk({ home: kioskHome(process.env), deviceSecret: null, allowSecretFile: false });
const { store } = kiosk;
const uplink = startUplink(store, {
  onStatus: () => undefined,
  onServerTime: () => undefined,
  onProblem: ({ code, message }) => console.error(`${code}: ${message}`),
});
const until = async (done: () => boolean): Promise<void> => {
  for (; !done(); await sleep(100)) uplink.nudge();
};
await until(() => store.people.find('', 10).length > 0);
const people = store.people.find('', 10);
for (const { id } of people) await store.checkins.record(aCheckin(id));
await until(() => store.outbox.count() === 0);
await uplink.stop();
await kiosk.close();
console.log(JSON.stringify(people.map(({ name }) => name)));
