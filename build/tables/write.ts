import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTables, TABLES_FILE } from './read.ts';

writeFileSync(join(import.meta.dirname, '../..', TABLES_FILE), await readTables());
