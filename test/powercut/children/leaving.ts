/** A kiosk that destroys everything, by its core's own code; a line after each step. argv: home. */
import { writeSync } from 'node:fs';
import { destroyEverything } from '../../../electron/core/leaving/destroy.ts';
import { removeJournal, writeJournal } from '../../../electron/core/leaving/journal.ts';

const home = process.argv[2]!;
const done = (what: string) => writeSync(1, `${what}\n`);
writeJournal(home, { v: 1, state: 'wiped', languages: ['en'], language: 'en' });
done('<leaving>');
destroyEverything(home);
done('<destroyed>');
removeJournal(home);
done('<left>');
