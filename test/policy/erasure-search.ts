import { createDecipheriv } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { PAGE_BYTES } from '../../electron/core/store/pages.ts';
import { sealedTables } from '../../sync/server/app/key-rotation/sealed.ts';
import { pageOf } from '../../sync/server/app/key-rotation/walk.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { readPins } from '../../sync/server/core/credentials/pins.ts';
import { credentialsOf } from '../../sync/server/core/credentials/store.ts';
import { readPeople } from '../../sync/server/core/people/records.ts';
import { readCardTemplates } from '../../sync/server/core/templates/templates.ts';
import { openKeyring } from '../../sync/server/features/backup/keyring-copy.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';
import type { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { FORMAT } from '../../sync/server/platform/keys/gcm.ts';
import { openHalf } from '../../sync/server/platform/keys/personal.ts';
import { personBox, personKeyPlace } from '../../sync/server/platform/keys/persons.ts';
import { KEYRING_OBJECT } from '../../sync/server/platform/objects/sealed/layout.ts';
import { decompressed } from '../../sync/server/platform/objects/sealed/stream.ts';
import type { ObjectStore } from '../../sync/server/platform/objects/store.ts';
import { tablesOf } from '../../sync/server/platform/server-module.ts';

const { environment: SEALED } = sealedTables(MODULES);

/** How someone with all the server's keys looks for a person: by trying to decrypt, not by remembering ciphertext. */

/** Envelope of a person's key: label, nonce, key and alias secret, tag. */
const KEY_ENVELOPE = 3 + 12 + 64 + 16;
/** A key is replaced when everything is re-encrypted. */
const GENERATIONS = [1, 2];

/** Yields every file below a folder, except files deleted meanwhile. */
export function* filesBelow(folder: string): Generator<{ path: string; bytes: Buffer }> {
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const path = join(folder, name);
    try {
      if (statSync(path).isFile()) yield { path, bytes: readFileSync(path) };
    } catch (cause) {
      if (existsSync(path)) throw cause;
    }
  }
}

/** Counts the copies of the person's key that open in these bytes, tried at every offset. */
export function keysOpenedIn(bytes: Buffer, keys: Keys, person: string): number {
  let found = 0;
  for (const version of keys.versions) {
    const label = Buffer.from([FORMAT.environment, version >> 8, version & 255]);
    for (let at = bytes.indexOf(label); at !== -1; at = bytes.indexOf(label, at + 1)) {
      const envelope = bytes.subarray(at, at + KEY_ENVELOPE);
      if (envelope.length === KEY_ENVELOPE && opens(keys, person, envelope)) found += 1;
    }
  }
  return found;
}

function opens(keys: Keys, person: string, envelope: Buffer): boolean {
  return GENERATIONS.some((generation) => {
    try {
      return keys.open('keyring', personKeyPlace(person, generation), envelope).length > 0;
    } catch {
      return false;
    }
  });
}

/** Files of a folder, such as a database's tables and write-ahead log, in which a copy of the person's key opens. */
export function filesWithKey(folder: string, keys: Keys, person: string): string[] {
  const found: string[] = [];
  for (const { path, bytes } of filesBelow(folder)) if (keysOpenedIn(bytes, keys, person) > 0) found.push(path);
  return found;
}

/** Versions of objects in which a copy of the person's key opens, as stored or after opening copies of the keyring. */
export async function objectsWithKey(store: ObjectStore, keys: Keys, person: string): Promise<string[]> {
  const found: string[] = [];
  const hex = (bytes: Buffer) =>
    Buffer.from(
      bytes.toString('latin1').replaceAll(/\\\\x([0-9a-f]+)/g, (_, h) => Buffer.from(h, 'hex').toString('latin1')),
      'latin1',
    );
  for await (const { key, versionId, deleteMarker } of store.list('')) {
    if (deleteMarker) continue;
    const raw = await all(await store.get(key, versionId));
    const plain =
      key === KEYRING_OBJECT
        ? await all(decompressed(openKeyring(keys, await store.get(key, versionId))))
        : Buffer.alloc(0);
    if ([raw, plain, hex(plain)].some((bytes) => keysOpenedIn(bytes, keys, person) > 0))
      found.push(`${key} ${versionId}`);
  }
  return found;
}

async function all(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** What opens of the person in a database, by the product's own code and by every row that names them. */
export async function openedInRows(db: Db, keys: Keys, person: string): Promise<string[]> {
  const found: string[] = [];
  const attempt = async (what: string, work: () => Promise<unknown>) => {
    try {
      if (await work()) found.push(what);
    } catch (cause) {
      if ((cause as { code?: string }).code !== 'person-key-destroyed') throw cause;
    }
  };
  await attempt('person', async () => (await readPeople(db, keys, [person])).get(person)?.name);
  const box = await personBox(db, keys, [person]);
  const events = await db
    .selectFrom('event')
    .select(['id', 'person', 'personal', 'gps'])
    .where('person', '=', person)
    .execute();
  for (const event of events) await attempt('event', async () => Object.keys(openHalf(keys, box, event)).length > 0);
  const templates = await db.selectFrom('template').selectAll().where('person', '=', person).execute();
  for (const { id, sealed } of templates)
    await attempt('template', async () =>
      box.open({ field: 'template.vector', person, record: id, rowVersion: 1 }, sealed),
    );
  await attempt('card template', async () => (await readCardTemplates(db, keys, [person])).size > 0);
  await attempt('credential', async () => (await credentialsOf(db, keys, [person])).length > 0);
  await attempt('PIN', async () => (await readPins(db, keys, [person])).get(person)?.pin);
  await attempt('key', async () => box.has(person));
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from checkin where person = ${person}`.execute(
    db,
  );
  if (rows[0]!.n > 0 && found.length > 0) found.push('checkin');
  return [...new Set(found)];
}

/** Columns under the environment's keys that contain one of these terms once opened, ignoring case. */
export async function openedUnderEnvironment(db: Db, keys: Keys, terms: readonly string[]): Promise<string[]> {
  const wanted = terms.map((term) => term.toLowerCase());
  const found = new Set<string>();
  for (const table of SEALED)
    for (const { cells, sealed } of (await pageOf(db, table, null, 100_000)).rows)
      for (const [column, { purpose, place }] of Object.entries(table.columns)) {
        const envelope = sealed[column];
        if (!envelope) continue;
        const text = keys.open(purpose, place(cells), envelope).toString('utf8').toLowerCase();
        if (wanted.some((term) => text.includes(term))) found.add(`${table.table}.${column}`);
      }
  return [...found].sort();
}

/** Tables with a row that names the person by their id, in any column. Partitions count as the table they belong to. */
export async function tablesNaming(db: Db, person: string): Promise<string[]> {
  const { rows: tables } = await sql<{ name: string; root: string }>`
    select format('%I.%I', n.nspname, c.relname) as name, coalesce(pg_partition_root(c.oid), c.oid)::regclass::text as root
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname in ('public', 'keyring')`.execute(db);
  const found = new Set<string>();
  for (const { name, root } of tables) {
    const { rows } = await sql<{ there: boolean }>`
      select exists (select from ${sql.raw(name)} t where strpos(lower(t::text), ${person}) > 0) as there`.execute(db);
    if (rows[0]!.there) found.add(root);
  }
  return [...found].sort();
}

/** Tables with a row that names both, which shows whose a record is. */
export async function tablesTying(db: Db, person: string, record: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await tablesNaming(db, person)) {
    const { rows } = await sql<{ there: boolean }>`
      select exists (select from ${sql.raw(name)} t where strpos(lower(t::text), ${person}) > 0
                     and strpos(lower(t::text), ${record}) > 0) as there`.execute(db);
    if (rows[0]!.there) found.push(name);
  }
  return found;
}

/** Header sizes of SQLite's write-ahead log, and of each page in it. */
const LOG_HEADER = 32;
const FRAME_HEADER = 24;

/**
 * Every page of a kiosk's store in the clear, including free ones and those in its write-ahead log (SQLCipher 4: AES-256-CBC, IV
 * in the page's reserve).
 */
export function decryptedPages(file: string, key: Buffer): Buffer {
  const open = (page: Buffer, from = 0) => {
    const iv = page.subarray(PAGE_BYTES - 80, PAGE_BYTES - 64);
    return createDecipheriv('aes-256-cbc', key, iv)
      .setAutoPadding(false)
      .update(page.subarray(from, PAGE_BYTES - 80));
  };
  const bytes = readFileSync(file);
  const pages = Array.from({ length: bytes.length / PAGE_BYTES }, (_, i) =>
    open(bytes.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES), i === 0 ? 16 : 0),
  );
  const log = existsSync(`${file}-wal`) ? readFileSync(`${file}-wal`) : Buffer.alloc(0);
  const frame = FRAME_HEADER + PAGE_BYTES;
  for (let at = LOG_HEADER; at + frame <= log.length; at += frame)
    pages.push(open(log.subarray(at + FRAME_HEADER, at + frame)));
  return Buffer.concat(pages);
}

/**
 * Tables that still hold a row of a person or of a kiosk, by the modules' declarations: those with a rule for erasures, if they
 * have a column for a person and it names one, and whatever names a kiosk. The audit log is kept by its own rule.
 */
export async function tablesWithAnybody(db: Db): Promise<string[]> {
  const found: string[] = [];
  for (const [table, rule] of tablesOf(MODULES)) {
    if (table === 'audit') continue;
    const [name, schema = 'public'] = table.split('.').reverse();
    const { rows: columns } = await sql<{ name: string }>`
      select column_name as name from information_schema.columns
      where table_schema = ${schema} and table_name = ${name}`.execute(db);
    const naming = ['person', 'device'].filter((column) => columns.some((c) => c.name === column));
    if (naming.length === 0 && !('erased' in rule) && table !== 'device') continue;
    const where = naming.length === 0 ? sql`true` : sql`num_nonnulls(${sql.join(naming.map((c) => sql.ref(c)))}) > 0`;
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from ${sql.table(table)} where ${where}`.execute(db);
    if (rows[0]!.n > 0) found.push(table);
  }
  return found;
}
