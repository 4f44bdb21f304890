import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faultOfCommand, missingIn } from '../kit/command-line.ts';

/* Commands that an error, a check or a command itself advises: each can be typed as it is printed (capitals stand for a value of the reader’s). */

const ROOT = join(import.meta.dirname, '../..');

/** `` `smartpresence audit verify` `` in the catalogue of errors, and `command('audit verify')` in the sources. */
const advised: readonly (readonly [file: string, line: string])[] = [
  'sync/errors/catalogue.json',
  ...globSync('{electron,sync}/**/*.ts', {
    cwd: ROOT,
    exclude: ['**/*.test.ts', 'sync/errors/problem.ts', 'electron/cli/sp.ts'],
  }),
].flatMap((file) =>
  [
    ...readFileSync(join(ROOT, file), 'utf8').matchAll(
      /`smartpresence ([^`…]+)`|(?<![.\w])command\((['`])([^'`]+)\2\)/g,
    ),
  ].map(([, ofError, , ofSource]) => [file, (ofError ?? ofSource)!] as const),
);

test('each advised command exists and has all its required options and arguments', () => {
  expect(advised.length).toBeGreaterThan(100);
  const faults = advised.flatMap(([file, line]) => {
    const fault = faultOfCommand(line) ?? (line === '--help' ? null : missingIn(line));
    return fault ? [`${file}: ${line}: ${fault}`] : [];
  });
  expect(faults).toEqual([]);
});
