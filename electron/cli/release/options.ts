import type { Command, OptionValues } from '@commander-js/extra-typings';
import { PROGRAM } from '../../../sync/disk/program.ts';

/** Command names as they appear in messages. */
export const SP = `${PROGRAM.call} release`;
export const PASSPHRASES = `
Passphrases are asked for on the terminal, or read from the first line of a file of mode 600 (--passphrase-file).`;

export const shared = <A extends unknown[], O extends OptionValues>(command: Command<A, O>, help = PASSPHRASES) =>
  command
    .option('--passphrase-file <file>', 'passphrase of the keys')
    .option('--json', 'one JSON object')
    .addHelpText('after', help);

export function next(json: boolean | undefined, steps: readonly string[]): void {
  if (!json) process.stderr.write(`Next:\n${steps.map((step) => `  ${step}`).join('\n')}\n`);
}
