import type { Command, CommandUnknownOpts } from '@commander-js/extra-typings';

/** Exit codes of all commands, as in `--help` and the README. */
export const EXIT = {
  ok: 0,
  /** Done, but something needs attention: a photo was refused, a check found a problem, a threshold was missed. */
  attention: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The kiosk's store, or the server or its database, can't be opened or reached: wrong key, in use without a staff PIN. */
  store: 3,
} as const;

const HELP = `
Exit codes: 0 all done; 1 done, and something needs attention; 2 wrong usage;
3 the kiosk's store, or the server or its database, can't be opened or reached.`;

/** Commands whose own help text explains their exit codes. */
const OWN = new Set(['faces embed', 'faces eval', 'faces identify', 'people import', 'server start', 'bench']);

/** Appends the exit codes to the help of a program and of each command with an action. */
export const withExitCodes = (program: Command): Command =>
  program.addHelpText('afterAll', ({ command }) =>
    command === program || (command.commands.length === 0 && !OWN.has(pathOf(command))) ? HELP : '',
  );

function pathOf(command: CommandUnknownOpts): string {
  const names: string[] = [];
  for (let one: CommandUnknownOpts | null = command; one?.parent; one = one.parent) names.unshift(one.name());
  return names.join(' ');
}
