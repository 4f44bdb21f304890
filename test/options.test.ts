import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
/** Each test command, by its file: `npm run test:long` and `npm test` are one. */
const COMMANDS = [...new Set(Object.values(scripts).flatMap((line) => /\btest\/[\w/]+\.ts\b/.exec(line)?.[0] ?? []))];

const run = (file: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(root, file), ...args], { cwd: root, encoding: 'utf8' });

test('finds every test command', () => {
  expect(COMMANDS.length).toBeGreaterThan(7);
});

describe.each(COMMANDS)('%s', (file) => {
  test('--help shows the usage, and runs nothing', () => {
    const { status, stdout, stderr } = run(file, '--help');
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/npm (?:run|test)/),
      stderr: '',
    });
  });

  test('an unknown option is wrong usage', () => {
    const { status, stdout, stderr } = run(file, '--no-such-option');
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/npm (?:run|test)/),
    });
    expect(stderr).not.toContain('    at '); // no stack trace
  });
});
