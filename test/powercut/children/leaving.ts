/** A kiosk that destroys everything, with its core's own code. Prints a line after each step. argv: home. */
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { destroyEverything } from '../../../electron/core/leaving/destroy.ts';
import { type Leaving, removeJournal, writeJournal } from '../../../electron/core/leaving/journal.ts';
import { newSigningKey } from '../../../sync/protocol/seal/keys.ts';

const home = process.argv[2]!;
const done = (what: string) => writeSync(1, `${what}\n`);
const journal: Leaving = {
  v: 1,
  state: 'destroying',
  what: 'decommission',
  command: randomUUID(),
  device: randomUUID(),
  server: { id: randomUUID(), url: 'https://check.example:8444', caPem: ['-----BEGIN CERTIFICATE-----'] },
  farewellKey: newSigningKey(),
  languages: ['en'],
  language: 'en',
};
writeJournal(home, journal);
done('<leaving>');
destroyEverything(home);
writeJournal(home, { ...journal, state: 'notifying' });
done('<destroyed>');
removeJournal(home);
done('<left>');
