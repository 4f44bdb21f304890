import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { comparePairs, type Sample } from '../../../models/rules/calibration/pairs.ts';
import { measureVerification, type Verification } from '../../../models/rules/calibration/verification.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { personFolders } from '../../core/commands/import-folders.ts';

/** Membership of groups: people by value, by column. */
export type Groups = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

export interface GroupRates {
  readonly column: string;
  readonly group: string;
  readonly verification: Omit<Verification, 'det'>;
}

/**
 * Reads a CSV file with a header line: a column `person` with the names of the folders, and a column for each way to group
 * people (skin tone, sex, age band, glasses, …). An empty cell belongs to no group.
 * @param folder of the people
 * @throws Problem `groups-not-usable`; those of personFolders
 */
export async function readGroups(file: string, folder: string): Promise<Groups> {
  let rows: Record<string, string>[];
  try {
    rows = parse(await readFile(file), { bom: true, trim: true, columns: true, skip_empty_lines: true });
  } catch (cause) {
    throw new Problem('groups-not-usable', {
      file,
      why: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
  const first = rows[0];
  if (!first) throw new Problem('groups-not-usable', { file, why: 'it has no rows' });
  if (!('person' in first)) throw new Problem('groups-not-usable', { file, why: 'it has no column person' });
  const people = new Set((await personFolders(folder)).map((one) => one.folder.normalize()));
  if (!rows.some(({ person }) => people.has(person!.normalize())))
    throw new Problem('groups-not-usable', { file, why: `none of its people has a folder in ${folder}` });
  const groups = new Map<string, Map<string, Set<string>>>();
  for (const { person, ...columns } of rows)
    for (const [column, group] of Object.entries(columns)) {
      if (!group) continue;
      const of = groups.get(column) ?? new Map<string, Set<string>>();
      groups.set(column, of.set(group, (of.get(group) ?? new Set<string>()).add(person!.normalize())));
    }
  return groups;
}

/** Returns the 1:1 rates of each group, `inUse` at the same threshold for all. Rates for which it has too few people are not resolved. */
export function measureGroups(
  samples: readonly Sample[],
  groups: Groups,
  threshold: number,
  random: () => number,
): GroupRates[] {
  return [...groups].flatMap(([column, of]) =>
    [...of].map(([group, people]) => {
      const own = samples.filter((sample) => people.has(sample.person.normalize()));
      const { det: _, ...verification } = measureVerification(comparePairs(own, random), threshold, random);
      return { column, group, verification };
    }),
  );
}
