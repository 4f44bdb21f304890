import { readFileSync } from 'node:fs';
import type * as typed from '@commander-js/extra-typings';
import * as commander from 'commander';
import { Problem } from '../../sync/errors/problem.ts';

/**
 * Commander's classes with the types that `@commander-js/extra-typings` reads off flags, parsers and choices. An action's
 * parameters are typed by them and never by hand: what a parser returns and what an action takes can't differ.
 */
export const Command = commander.Command as unknown as typeof typed.Command;
export const Option = commander.Option as unknown as typeof typed.Option;
const { InvalidArgumentError } = commander;

/** How the values of options are read. */

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

/** A time in UTC or with its offset, as the server wants it. */
export function instant(text: string): string {
  const at = new Date(text);
  if (!Number.isNaN(at.getTime())) return at.toISOString();
  throw new InvalidArgumentError('a time, e.g. 2027-03-01T08:00Z');
}

/** Some of these, comma-separated. */
export const someOf =
  <T extends string>(values: readonly T[]) =>
  (text: string): T[] =>
    text.split(',').map((word) => oneOf(values)(word.trim()));

/** An option that may be given more than once. */
export const collect = (value: string, before: string[]): string[] => [...before, value];

/** The commands of this name, which more than one topic may add to. */
export const group = (program: typed.Command, name: string): typed.Command =>
  (program.commands.find((known) => known.name() === name) as typed.Command | undefined) ?? program.command(name);

/** The text of a file that was named on the command line. @throws Problem `arguments-wrong` */
export function readGivenFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Problem('arguments-wrong', { reason: `${path} can’t be read.`, cause });
  }
}
