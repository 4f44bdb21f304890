/**
 * Enrols a person with known values, and takes check-ins of theirs with a photo, while its system calls are recorded. argv: home, a file outside of it that gets the photo in the clear.
 */
import { writeFileSync } from 'node:fs';
import { openKeys } from '../../../electron/core/keys/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import { MARKS } from '../marks.ts';
import { aCheckin, aPerson } from '../samples.ts';

const [home, control] = [process.argv[2]!, process.argv[3]!];
const store = await openStore({ home, keys: await openKeys({ home, deviceSecret: null, allowSecretFile: true }) });
const photo = new Uint8Array(Buffer.concat([MARKS.photo, Buffer.alloc(3000, 7)]));
const person = await store.people.add(aPerson({ name: MARKS.name, number: MARKS.number, photo, pinHash: MARKS.pin }));
for (let i = 0; i < 20; i++) await store.checkins.record(aCheckin(person.id, { photo }));
store.close();
writeFileSync(control, photo);
