import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
/** `GET /api/live` of an audit row is a name, not an address. */
const LITERAL = /['"`]\/api\//;

test('only the declarations contain API paths', () => {
  const sources = globSync('{electron,renderer,sync}/**/*.{ts,tsx}', { cwd: ROOT }).filter(
    (file) => !/\.(test|spec)\.tsx?$/.test(file) && !file.startsWith('sync/protocol/api/'),
  );
  expect(sources.length).toBeGreaterThan(500);
  const naming = sources.filter((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .some((line) => !/^\s*(\*|\/\/|\/\*\*)/.test(line) && LITERAL.test(line)),
  );
  expect(naming).toEqual([]);
});
