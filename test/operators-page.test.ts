import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { VARIABLES } from '../sync/server/app/config.ts';
import { SECRETS } from '../sync/server/platform/secrets/files.ts';

const page = readFileSync(join(import.meta.dirname, '../docs/install/settings.md'), 'utf8');

/** Variables named in the first column of the page's tables. `_X` is short for `SMARTPRESENCE_X`. */
const named = [...page.matchAll(/^\| (`[^|]*) \|/gm)]
  .flatMap((row) => [...row[1]!.matchAll(/`(_?[A-Z][A-Z0-9_]+)/g)].map((m) => m[1]!))
  .map((name) => (name.startsWith('_') ? `SMARTPRESENCE${name}` : name));

test('the operators’ page names exactly the variables that the server reads', () => {
  expect(VARIABLES.filter((name) => !named.includes(name))).toEqual([]);
  const other = named.filter((name) => !VARIABLES.includes(name) && !name.startsWith('SETUP_') && name !== 'NAME_FILE');
  expect(other).toEqual([]);
  expect(SECRETS.filter((name) => !VARIABLES.includes(name))).toEqual([]);
});
