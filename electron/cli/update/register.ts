import type { Command } from 'commander';
import { kioskHome } from '../../core/paths.ts';
import { updateNowCommand, updateStatusCommand } from '../../core/update/commands.ts';
import type { UpdateReport } from '../../core/update/keeper.ts';
import { EXIT_HELP } from '../exit-codes.ts';
import { terminalOutput } from '../output.ts';
import { runStoreCommand } from '../store-command.ts';

/** `update status`, `update now`: of the running kiosk on this machine. */
export function registerUpdate(program: Command): void {
  const update = program.command('update').description('Show and install kiosk builds on this machine.');
  update
    .command('status')
    .description('Show the installed builds, whether one is on trial, and any update in progress.')
    .option('--json', 'the report as one JSON object')
    .addHelpText('after', `\nExit code 1 when the latest request was rejected.${EXIT_HELP}`)
    .action(async (options: { json?: boolean }) => {
      const output = terminalOutput(options.json ?? false, (value) => asText(value as UpdateReport));
      process.exitCode = await runStoreCommand(updateStatusCommand, {}, kioskHome(), output).finally(() =>
        output.end(),
      );
    });
  update
    .command('now')
    .description(
      'Install the newest signed build now, without waiting for a rollout or a maintenance window. The kiosk restarts when no one is using it.',
    )
    .requiredOption('--from <source>', 'usb (a stick with the folder smartpresence-updates) or network')
    .option('--json', 'one JSON object per line')
    .addHelpText('after', EXIT_HELP)
    .action(async ({ from, json }: { from: string; json?: boolean }) => {
      const output = terminalOutput(json ?? false, (value) => {
        const { ready } = value as { ready: string };
        return `Version ${ready} is ready; the kiosk restarts into it when nobody stands before it.`;
      });
      process.exitCode = await runStoreCommand(updateNowCommand, { from }, kioskHome(), output).finally(() =>
        output.end(),
      );
    });
}

function asText({ version, commit, slots, wanted, state, problem }: UpdateReport): string {
  const rows: [string, string][] = [
    ['runs', `${version} (${commit.slice(0, 12)})${state === 'on-trial' ? ', on trial' : ''}`],
    ['builds', slots ? [slots.current, slots.previous].filter(Boolean).join(', before it ') : 'not known'],
    ['under way', wanted ? `${wanted}: ${STATE_LABELS[state]}` : 'nothing'],
  ];
  const lines = rows.map(([name, value]) => `${name.padEnd(11)} ${value}`);
  if (problem)
    lines.push(`${problem.code}: ${problem.message}`, ...(problem.nextStep ? [`  ${problem.nextStep}`] : []));
  return lines.join('\n');
}

const STATE_LABELS: Record<UpdateReport['state'], string> = {
  idle: 'waits to be tried again',
  preparing: 'is being prepared',
  ready: 'is ready, and waits for its window and for nobody to be there',
  restarting: 'the kiosk restarts',
  'on-trial': 'is on trial',
};
