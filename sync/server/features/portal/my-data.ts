import { sameAs } from '../../core/people/group.ts';
import type { Reading } from '../../platform/my-data.ts';
import { type ServerModule, sectionsOf } from '../../platform/server-module.ts';

/** Grows when a section changes its meaning. */
export const MY_DATA_FORMAT = 'smartpresence-my-data/1';

/**
 * Everything that the server holds of a person, as one JSON document, written as it is read: no more than a page of rows or
 * one photo is in memory.
 *
 * @param about who answers for the data
 */
export async function* myData(
  modules: readonly ServerModule[],
  o: Omit<Reading, 'names'>,
  about: Readonly<Record<string, unknown>>,
): AsyncGenerator<string> {
  const of: Reading = { ...o, names: await sameAs(o.tx, [o.person]) };
  const head = { format: MY_DATA_FORMAT, generatedAt: o.now.toISOString(), person: o.person, about };
  yield `${JSON.stringify(head).slice(0, -1)}`;
  for (const [name, rows] of sectionsOf(modules)) {
    yield `,\n${JSON.stringify(name)}:[`;
    let first = true;
    for await (const row of rows(of)) {
      yield `${first ? '' : ','}\n${JSON.stringify(row)}`;
      first = false;
    }
    yield ']';
  }
  yield '}\n';
}
