/** Opens a database as the next build. Prints each table before it, `table 3 of 90`, then `opened`. argv[2]: url or folder. */
import { writeSync } from 'node:fs';
import { openDatabase } from '../../../sync/server/platform/database/open.ts';
import { readDatabaseUrl } from '../../../sync/server/platform/database/url.ts';
import { becomeNextServer } from '../next-migration.ts';

const where = process.argv[2]!;
const postgres = where.startsWith('postgres') ? readDatabaseUrl(where) : null;
if (typeof postgres === 'string') throw new Error(postgres);
becomeNextServer((done, of) => void writeSync(1, `table ${done} of ${of}\n`));
const database = await openDatabase(where, { postgres });
await database.close();
writeSync(1, 'opened\n');
process.exit(0);
