import type { CommandUnknownOpts as Command } from '@commander-js/extra-typings';
import { expect, it } from 'vitest';
import { buildProgram } from '../../electron/cli/program.ts';
import { GROUPS } from '../bench/run.ts';

const program = await buildProgram('');

/** Yields every command that does something, with its full name and the text of its --help. */
function* commands(command: Command, path: string): Generator<{ path: string; help: string }> {
  if (command.commands.length === 0) {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    yield { path, help };
  }
  for (const each of command.commands) yield* commands(each, `${path} ${each.name()}`);
}
const all = [...commands(program, 'sp')];

it('lists the exit codes of every command', () => {
  expect(all.length).toBeGreaterThan(80);
  expect(all.filter(({ help }) => !/^Exit codes?: 0 /m.test(help)).map(({ path }) => path)).toEqual([]);
});

it('names every group of the bench', () => {
  const groups = /^Groups: (.*)\.$/m.exec(all.find(({ path }) => path === 'sp bench')!.help)![1]!;
  expect(groups.split(', ').sort()).toEqual([...GROUPS].sort());
});
