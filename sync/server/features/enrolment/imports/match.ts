import type { Kysely } from 'kysely';
import { livingPeople } from '../../../core/people/living.ts';
import { findPeople, namesOf } from '../../../core/people/records.ts';
import { idsOf } from '../../../platform/database/rows.ts';
import type { Tables } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { type ListLine, plain } from './list.ts';

/** Who a file is of: by the list beside it, else by its name, which is a number, an e-mail address, an id or a person's name. */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** `Lovelace_Ada-2.jpg` as `lovelace ada`: a number at the end distinguishes several pictures of one person. */
export const nameOfFile = (file: string): string =>
  plain(
    stem(file)
      .replaceAll(/[_]+/g, ' ')
      .replace(/[\s(-]+\d{1,2}\)?$/, '')
      .replaceAll(/\s+/g, ' '),
  );
const stem = (file: string): string => file.replace(/\.[^.]+$/, '');

/** `none`: nobody; `several`: it fits more than one. */
export type Match =
  | { readonly person: string }
  | { readonly person: null; readonly code: 'person-unknown' | 'person-unclear' };

/** @param names of everybody, by name: read once for a batch, and only where needed */
export async function matchFile(
  db: Kysely<Tables>,
  keys: Keys,
  file: string,
  list: ReadonlyMap<string, ListLine>,
  names: () => Promise<ReadonlyMap<string, readonly string[]>>,
): Promise<Match> {
  const line = list.get(plain(file)) ?? list.get(plain(stem(file)));
  const tries: (() => Promise<readonly string[]>)[] = [];
  const byName = (name: string) => async () => (await names()).get(plain(name)) ?? [];
  if (line) {
    const { number, email, name } = line;
    if (number) tries.push(() => findPeople(db, keys, { number }));
    if (email) tries.push(() => findPeople(db, keys, { email }));
    if (name) tries.push(byName(name));
  } else {
    const whole = stem(file).trim();
    const alone = whole.replace(/[\s_(-]+\d{1,2}\)?$/, '');
    for (const text of new Set([whole, alone])) {
      tries.push(() => findPeople(db, keys, { number: text }));
      if (text.includes('@')) tries.push(() => findPeople(db, keys, { email: text }));
    }
    if (UUID.test(whole)) tries.push(() => livingOnly(db, whole));
    tries.push(byName(nameOfFile(file)));
    const parts = nameOfFile(file).split(/,? /);
    if (parts.length === 2) tries.push(byName(`${parts[1]} ${parts[0]}`));
  }
  for (const attempt of tries) {
    const found = await attempt();
    if (found.length > 1) return { person: null, code: 'person-unclear' };
    if (found[0]) return { person: found[0] };
  }
  return { person: null, code: 'person-unknown' };
}

export const listByFile = (lines: readonly ListLine[]): ReadonlyMap<string, ListLine> =>
  new Map(lines.flatMap((line) => (line.file === null ? [] : [[plain(line.file), line] as const])));

/** Names of everybody who is there. Nobody can be searched by name otherwise: names are sealed. */
export async function everybodyByName(db: Kysely<Tables>, keys: Keys): Promise<Map<string, string[]>> {
  const rows = await livingPeople(db).execute();
  const byName = new Map<string, string[]>();
  const names = await namesOf(db, keys, idsOf(rows));
  for (const [id, name] of names) byName.set(plain(name), [...(byName.get(plain(name)) ?? []), id]);
  return byName;
}

const livingOnly = async (db: Kysely<Tables>, person: string): Promise<string[]> =>
  idsOf(await livingPeople(db).where('id', '=', person).execute());
