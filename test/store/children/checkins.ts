/** Records check-ins until it is killed, and prints each one's id after it returned. argv: home, person, photo bytes. */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { openKeys } from '../../../electron/core/keys/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import { aCheckin } from '../samples.ts';

const [home, person, photoBytes] = [process.argv[2]!, process.argv[3]!, Number(process.argv[4])];
const store = await openStore({ home, keys: await openKeys({ home, deviceSecret: null }) });
writeSync(1, 'ready\n');
for (let i = 0; i < 300; i++) {
  const photo = photoBytes > 0 && i % 3 === 0 ? randomBytes(photoBytes) : null;
  const checkin = await store.checkins.record(aCheckin(person, { photo }));
  writeSync(1, `${checkin.id} ${checkin.photo ?? '-'}\n`);
}
writeSync(1, 'all\n');
store.close();
