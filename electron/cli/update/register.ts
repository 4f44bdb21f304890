import type { Command } from '@commander-js/extra-typings';
import { updateNowCommand, updateStatusCommand } from '../../core/update/commands.ts';
import type { UpdateReport } from '../../core/update/keeper.ts';
import { onKiosk } from '../store-command.ts';

/** `update status`, `update now`: for the running kiosk on this machine. */
export function registerUpdate(program: Command): void {
  const update = program.command('update').description('Show and install kiosk builds on this machine.');
  update
    .command('status')
    .description('Show the installed builds, whether one is on trial, and any update in progress.')
    .option('--json', 'the report as one JSON object')
    .addHelpText('after', `\nExit code 1 when the latest request was rejected.`)
    .action(({ json }) => onKiosk(updateStatusCommand, {}, json, asText));
  update
    .command('now')
    .description(
      'Install the newest signed build now, without waiting for a rollout or a maintenance window. The kiosk restarts when no one is using it.',
    )
    .requiredOption('--from <source>', 'usb (a stick with the folder smartpresence-updates) or network')
    .option('--json', 'one JSON object per line')
    .action(({ from, json }) => {
      const text = ({ ready }: { ready: string }) =>
        `Version ${ready} is ready. The kiosk restarts into it when no one is using it.`;
      return onKiosk(updateNowCommand, { from }, json, text);
    });
}

function asText({ version, commit, slots, wanted, state, heldSince, problem }: UpdateReport): string {
  const rows: [string, string][] = [
    ['runs', `${version} (${commit.slice(0, 12)})${state === 'on-trial' ? ', on trial' : ''}`],
    ['builds', slots ? [slots.current, slots.previous].filter(Boolean).join(', before it ') : 'not known'],
    ['under way', wanted ? `${wanted}: ${heldSince ? heldText(heldSince) : STATE_LABELS[state]}` : 'nothing'],
  ];
  const lines = rows.map(([name, value]) => `${name.padEnd(11)} ${value}`);
  if (problem)
    lines.push(`${problem.code}: ${problem.message}`, ...(problem.nextStep ? [`  ${problem.nextStep}`] : []));
  return lines.join('\n');
}

const heldText = (since: string): string => `is ready, waiting since ${since}: someone is always in view`;
const STATE_LABELS: Record<UpdateReport['state'], string> = {
  idle: 'waiting to be retried',
  preparing: 'is being prepared',
  ready: 'is ready, waiting for its window and for no one to be in view',
  restarting: 'the kiosk restarts',
  'on-trial': 'is on trial',
};
