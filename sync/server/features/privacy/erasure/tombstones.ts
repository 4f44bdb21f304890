import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../../../disk/replace.ts';
import { Problem } from '../../../../errors/problem.ts';

/**
 * What has to be erased again after a restore: it lies where no backup of the database brings it back to an older state. In
 * the object store, where there is one (features/backup/), else in files of the server home, which hold a person's id, a random
 * number that says nothing by itself.
 */
const Tombstone = z.strictObject({
  v: z.literal(1),
  request: z.uuid(),
  /** Every name that the person had. */
  people: z.array(z.uuid()).min(1),
  requestedAt: z.iso.datetime({ precision: 3 }),
  /** When no legal hold named them: one in a backup that was set before is over. */
  noHoldAt: z.iso.datetime({ precision: 3 }),
});
export type Tombstone = z.infer<typeof Tombstone>;

const folderOf = (home: string): string => join(home, 'tombstones');

/** Durable before it returns; safe to write again. */
export function writeTombstoneFile(home: string, tombstone: Tombstone): void {
  const folder = folderOf(home);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const text = `${JSON.stringify(Tombstone.parse(tombstone))}\n`;
  replaceFile(join(folder, `${tombstone.request}.json`), text, { byMany: true });
}

/** Every tombstone of this server home. @throws Problem `tombstone-unreadable` */
export function readTombstoneFiles(home: string): Tombstone[] {
  const folder = folderOf(home);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => {
      try {
        return Tombstone.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
      } catch (cause) {
        throw new Problem('tombstone-unreadable', { file: join(folder, name), cause });
      }
    });
}
