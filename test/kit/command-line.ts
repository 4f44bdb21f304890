import type { CommandUnknownOpts as Command } from '@commander-js/extra-typings';
import { buildProgram } from '../../electron/cli/program.ts';

const program = await buildProgram('');

/** Why a line is not one of our commands. Null if it is one, or if it is another program’s or prose. */
export function faultOfCommand(line: string): string | null {
  const { at, args } = find(line);
  if (at === program) return null;
  if (at.commands.length > 0 && /^[a-z][a-z-]*$/.test(args[0] ?? '')) return `there is no ${args[0]}`;
  const known = [...at.options, ...program.options];
  const unknown = optionsOf(args).find((name) => name !== '--help' && !known.some(({ long }) => long === name));
  return unknown ? `it has no ${unknown}` : null;
}

/** What a line lacks to be a complete command: required options and arguments. Null if nothing is missing. */
export function missingIn(line: string): string | null {
  const { at, args } = find(line);
  // For a group of commands, its default subcommand.
  const called =
    at.commands.find((c) => c.name() === (at as unknown as { _defaultCommandName?: string })._defaultCommandName) ?? at;
  if (called === program || called.commands.length > 0) return 'it is no command';
  const given = optionsOf(args);
  const option = called.options.find(({ mandatory, long }) => mandatory && !given.includes(long!));
  if (option) return `needs ${option.flags}`;
  const bare = called.options.find(
    ({ required, long }) => required && args.some((word, i) => word === long && !args[i + 1]),
  );
  if (bare) return `needs the value of ${bare.flags}`;
  const takes = (word: string) => called.options.some(({ long, required }) => required && long === word);
  const values = args.filter((word, i) => !word.startsWith('--') && !takes(args[i - 1] ?? ''));
  const argument = called.registeredArguments.filter(({ required }) => required)[values.length];
  return argument ? `needs <${argument.name()}>` : null;
}

function find(line: string): { at: Command; args: string[] } {
  const args = line.split(' ');
  let at: Command = program;
  for (let next = program.commands.find((c) => c.name() === args[0]); next; ) {
    at = next;
    args.shift();
    next = at.commands.find((c) => c.name() === args[0]);
  }
  return { at, args };
}

const optionsOf = (args: readonly string[]): string[] => args.flatMap((word) => /^--[a-z-]+/.exec(word) ?? []);
