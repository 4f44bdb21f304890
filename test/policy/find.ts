import { globSync, readFileSync } from 'node:fs';
import { rowsIn } from './rows.ts';

/** The first argument of a test or a group, as it stands in a source: `test.each(…)('…'`, `describe('…'`. */
const TITLE =
  /\b(?:test|it|describe|property)(?:\.\w+)*(?:\((?:[^()]|\([^()]*\))*\))?\s*\(\s*(?:'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`|"((?:[^"\\]|\\.)*)")/g;

/** @returns test files whose titles name rows of the policy, with those rows, by path from `root` */
export function policyTests(root: string): Map<string, string[]> {
  const files = globSync('{electron,models,renderer,sync,build,test}/**/*.{test,spec}.ts', {
    cwd: root,
    exclude: ['**/node_modules/**', '**/dist/**'],
  });
  const found = new Map<string, string[]>();
  for (const file of files.sort()) {
    const rows = rowsOf(readFileSync(`${root}/${file}`, 'utf8'));
    if (rows.length > 0) found.set(file, rows);
  }
  return found;
}

/** Rows that titles in a source name. Pure. */
export function rowsOf(source: string): string[] {
  return [...new Set([...source.matchAll(TITLE)].flatMap(([, a, b, c]) => rowsIn(a ?? b ?? c ?? '')))];
}
