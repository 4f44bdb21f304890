import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DEVICE_PURPOSES, STORE_PURPOSES } from '../../electron/core/keys/derive.ts';
import { sealedTables } from '../../sync/server/app/key-rotation/sealed.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { PURPOSES } from '../../sync/server/platform/keys/envelope.ts';
import { SECRETS } from '../../sync/server/platform/secrets/files.ts';

const { environment: SEALED, persons: OF_PERSONS } = sealedTables(MODULES);

/** docs/prove/keys.md lists every existing key; an auditor reads it instead of the code. */

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/prove/keys.md'), 'utf8');
/** A row of a table, by the start of its first cell. */
const rowOf = (start: string) => page.split('\n').find((line) => line.startsWith(`| ${start}`)) ?? '';

test('the keys page names every derived key of the server and of a kiosk, and every secret in the environment', () => {
  const quoted = (name: string) => page.includes(`\`${name}\``);
  const named = [...PURPOSES, ...Object.values(STORE_PURPOSES), ...Object.values(DEVICE_PURPOSES), ...SECRETS];
  expect(named.filter((name) => !quoted(name) && !quoted(name.replace(/_PREVIOUS$/, '')))).toEqual([]);
});

test('the keys page names the key of every encrypted column', () => {
  const missing = (tables: readonly { table: string }[], row: string) =>
    tables.map((t) => t.table).filter((table) => !row.includes(`\`${table}\``));
  const ofField = SEALED.filter((t) => Object.values(t.columns).some((c) => c.purpose === 'field'));
  expect(missing(ofField, rowOf('sub-key `field`'))).toEqual([]);
  expect(missing(OF_PERSONS, rowOf('person keys'))).toEqual([]);
});

test('every variable that holds a secret is removed from the environment, and may be given as a file', () => {
  const sources = readdirSync(join(root, 'sync/server'), { recursive: true, encoding: 'utf8' })
    .filter((path) => /(^|\/)(config|settings)\.ts$/.test(path))
    .map((path) => readFileSync(join(root, 'sync/server', path), 'utf8'));
  // By the names in the schemas of the environment.
  const declared = sources.flatMap((text) => [...text.matchAll(/^\s+([A-Z][A-Z0-9_]+): /gm)].map((m) => m[1]!));
  expect(declared.length).toBeGreaterThan(40);
  const secret = /SECRET|TOKEN|PASSWORD|ACCESS_KEY|ENCRYPTION_KEY|DATABASE_URL|SMTP_URL/;
  expect(declared.filter((name) => secret.test(name) && !SECRETS.includes(name as never))).toEqual([]);
});
