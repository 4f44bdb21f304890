import { readFileSync } from 'node:fs';
import type * as typed from '@commander-js/extra-typings';
import * as commander from 'commander';
import { Problem } from '../../sync/errors/problem.ts';

/**
 * Commander's classes with the types that `@commander-js/extra-typings` derives from flags, parsers and choices. They type an
 * action's parameters, so that what a parser returns always matches what the action takes.
 */
export const Command = commander.Command as unknown as typeof typed.Command;
export const Option = commander.Option as unknown as typeof typed.Option;
const { InvalidArgumentError } = commander;

/** Parsers of option values. */

export const wholeNumber = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(`a whole number from ${least} to ${most}`);
};

export const oneOf =
  <T extends string>(values: readonly T[]) =>
  (text: string): T => {
    const found = values.find((value) => value.toLowerCase() === text.toLowerCase());
    if (found) return found;
    throw new InvalidArgumentError(`one of ${values.join(', ')}`);
  };

/** Parses a time in UTC or with an offset, and returns it in the server's format. */
export function instant(text: string): string {
  const at = new Date(text);
  if (!Number.isNaN(at.getTime())) return at.toISOString();
  throw new InvalidArgumentError('a time, e.g. 2027-03-01T08:00Z');
}

/** Parses some of these values, comma-separated. */
export const someOf =
  <T extends string>(values: readonly T[]) =>
  (text: string): T[] =>
    text.split(',').map((word) => oneOf(values)(word.trim()));

/** For an option that may be given more than once. */
export const collect = (value: string, before: string[]): string[] => [...before, value];

/** Returns the command group of this name, to which more than one topic may add. */
export const group = (program: typed.Command, name: string): typed.Command =>
  (program.commands.find((known) => known.name() === name) as typed.Command | undefined) ?? program.command(name);

/** Reads a file named on the command line. @throws Problem `arguments-wrong` */
export function readGivenFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Problem('arguments-wrong', { reason: `${path} can’t be read.`, cause });
  }
}
