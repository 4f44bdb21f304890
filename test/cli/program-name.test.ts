import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CommandUnknownOpts as Command } from '@commander-js/extra-typings';
import ts from 'typescript';
import { afterAll, expect, test } from 'vitest';
import { buildProgram } from '../../electron/cli/program.ts';
import { command, programAt } from '../../sync/disk/program.ts';

const ROOT = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'sp-program-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['server/app', 'server/bin/smartpresence', 'smartpresence'],
  ['kiosk', 'kiosk/bin/smartpresence', 'smartpresence'],
  ['older-kiosk', 'older-kiosk/bin/kiosk', 'kiosk'],
])('sources in %s with the launcher %s are called as %s', (root, launcher, name) => {
  mkdirSync(join(folder, root), { recursive: true });
  mkdirSync(join(folder, dirname(launcher)), { recursive: true });
  writeFileSync(join(folder, launcher), '');
  expect(programAt(join(folder, root))).toEqual({ name, call: name });
});

test('without a launcher the sources are called by npm, and every command is advised that way', () => {
  expect(programAt(join(folder, 'none'))).toEqual({ name: 'sp', call: 'npm run -s sp --' });
  expect(command('device list')).toBe('npm run -s sp -- device list');
});

/** Yields every command that does something, with its full name. */
function* names(at: Command, path: readonly string[] = []): Generator<string> {
  if (at.commands.length === 0) yield path.join(' ');
  for (const each of at.commands) yield* names(each, [...path, each.name()]);
}

test('no message advises a command without saying how it is called here', async () => {
  const commands = [...names(await buildProgram(''))].filter((name) => name.includes(' '));
  const topics = [...new Set(commands.map((name) => name.split(' ')[0]))].join('|');
  const called = new RegExp(`npm run -s sp|npm run sp|(?<![\\w-])sp (?:${topics})\\b`);
  const named = new RegExp(`(?<![\\w-])(?:${commands.join('|')})(?![\\w-])`);
  const wrong: string[] = [];
  for (const file of globSync('{electron,sync,models,renderer,build/release}/**/*.{ts,tsx}', { cwd: ROOT })) {
    if (/\.test\.ts$|disk\/program\.ts$/.test(file)) continue;
    const text = readFileSync(join(ROOT, file), 'utf8');
    if (!called.test(text) && !named.test(text)) continue;
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2024, true);
    const visit = (node: ts.Node, problem: boolean): void => {
      if (ts.isCallExpression(node) && node.expression.getText() === 'command') return;
      const inProblem =
        problem ||
        (ts.isNewExpression(node) && /Problem$/.test(node.expression.getText())) ||
        // Screens can't know it, so theirs name only the command.
        (!file.startsWith('renderer/') && ts.isPropertyAssignment(node) && node.name.getText() === 'next');
      if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
        if (called.test(node.text) || (inProblem && named.test(node.text))) wrong.push(`${file}: ${node.text}`);
      ts.forEachChild(node, (child) => visit(child, inProblem));
    };
    visit(source, false);
  }
  expect(wrong).toEqual([]);
});

test('screens and docs write commands as they are called when installed', async () => {
  const commands = [...names(await buildProgram(''))].filter((name) => name.includes(' '));
  const topics = [...new Set(commands.map((name) => name.split(' ')[0]))].join('|');
  // A kiosk’s staff also call their own list "staff list".
  const sure = commands.filter((name) => name !== 'staff list');
  const unnamed = new RegExp(`(?<!smartpresence )(?<![\\w-])(?:${sure.join('|')})(?![\\w-])`);
  const shown = globSync('renderer/**/locales/*.json', { cwd: ROOT });
  for (const file of shown)
    for (const line of readFileSync(join(ROOT, file), 'utf8').split('\n'))
      expect(`${file}: ${line}`).not.toMatch(unnamed);
  const called = new RegExp(`npm run (?:-s )?sp -- [a-z]|(?<![\\w-])sp (?:${topics})\\b`);
  for (const file of globSync('docs/**/*.md', { cwd: ROOT }))
    for (const line of readFileSync(join(ROOT, file), 'utf8').split('\n'))
      expect(`${file}: ${line}`).not.toMatch(called);
});
