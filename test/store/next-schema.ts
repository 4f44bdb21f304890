import { createRequire } from 'node:module';
import { MIGRATIONS, type Migration, migrate, SCHEMA } from '../../electron/core/store/migrations.ts';

const Database = createRequire(import.meta.url)(
  'better-sqlite3-multiple-ciphers',
) as typeof import('better-sqlite3-multiple-ciphers').default;

/** Marks the end of each statement in a next schema's SQL, since triggers contain semicolons. */
export const STATEMENT_END = '\n-- next\n';

/**
 * Makes this process the next build: the newest of the real list of migrations is one that only the tests have.
 * @param kind `adds`: a column, a table and an index, and the builds of today still read the store; `rebuilds`: every table is
 * rebuilt with another column, as SQLite's own page on ALTER TABLE has it, and they don't
 * @returns how to be the build of today again
 */
export function becomeNextBuild(kind: 'adds' | 'rebuilds'): () => void {
  const list = MIGRATIONS as Migration[];
  const { minReader } = list.at(-1)!;
  list.push(
    kind === 'adds'
      ? { schema: SCHEMA + 1, minReader, sql: ADDS }
      : { schema: SCHEMA + 1, minReader: SCHEMA + 1, sql: rebuildAll() },
  );
  return () => void list.pop();
}

const ADDS = `
ALTER TABLE person ADD COLUMN locker TEXT;
UPDATE person SET locker = 'none';
CREATE TABLE visitor(person INTEGER PRIMARY KEY REFERENCES person(ref) ON DELETE CASCADE, host TEXT NOT NULL) STRICT;
INSERT INTO visitor(person, host) SELECT ref, 'reception' FROM person;
CREATE INDEX visitor_host ON visitor(host);
`;

function rebuildAll(): string {
  const db = new Database(':memory:');
  migrate(db);
  const parts = db.prepare('SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL').all() as {
    type: 'table' | 'view' | 'index' | 'trigger';
    name: string;
    sql: string;
  }[];
  db.close();
  const of = (type: string) => parts.filter((part) => part.type === type);
  const lines = ['trigger', 'view'].flatMap((type) => of(type).map(({ name }) => `DROP ${type} "${name}";`));
  for (const { name, sql } of of('table').filter((table) => !/^(meta$|sqlite_)/.test(table.name))) {
    const head = /^CREATE TABLE "?\w+"?\s*\(/i;
    if (!head.test(sql)) throw new Error(`a definition of another form: ${sql}`);
    lines.push(
      `${sql.replace(head, `CREATE TABLE "next_${name}"(`)};`,
      `INSERT INTO "next_${name}" SELECT * FROM "${name}";`,
      // Numbers once assigned are not assigned again.
      ...(/AUTOINCREMENT/.test(sql)
        ? [
            `UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = '${name}') WHERE name = 'next_${name}';`,
          ]
        : []),
      `DROP TABLE "${name}";`,
      `ALTER TABLE "next_${name}" RENAME TO "${name}";`,
      `ALTER TABLE "${name}" ADD COLUMN since INTEGER;`,
    );
  }
  return [...lines, ...['view', 'trigger', 'index'].flatMap((type) => of(type).map(({ sql }) => `${sql};`))].join(
    STATEMENT_END,
  );
}
