import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { buildProgram } from '../electron/cli/program.ts';

/* What the README says, held against what is there. That its two commands work is what the whole run, and test/e2e, show. */

const root = join(import.meta.dirname, '..');

const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  ...readdirSync(join(root, 'docs')).flatMap((f) => (f.endsWith('.md') ? [`docs/${f}`] : [])),
];

test.each(PAGES)('every link and picture of %s leads somewhere', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const targets = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) => match[1]!);
  expect(targets.filter((target) => !existsSync(join(root, page, '..', target)))).toEqual([]);
});

test('every command that the README lists has a help text', async () => {
  const table = readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm);
  const commands = [...table].flatMap((row) =>
    [...row[1]!.matchAll(/`([a-z-]+(?: [a-z-]+)?)[^`]*`/g)].map((m) => m[1]!),
  );
  expect(commands.length).toBeGreaterThanOrEqual(8);
  const program = await buildProgram('');
  for (const words of commands) {
    const found = words
      .split(' ')
      .reduce<Command | undefined>((at, word) => at?.commands.find((c) => c.name() === word), program);
    expect(found?.helpInformation(), words).toContain(`Usage: sp ${words}`);
  }
});

test('every package has its reason in docs/dependencies.md', () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>;
  const text = readFileSync(join(root, 'docs/dependencies.md'), 'utf8');
  // `@fastify/cookie`, `-helmet`: a list of one scope names the later ones by their last part.
  const named = (name: string) => text.includes(name) || text.includes(`\`-${name.split('/')[1]}\``);
  const all = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
  const missing = all.filter((name) => !name.startsWith('@types/') && !named(name));
  expect(missing).toEqual([]);
});
