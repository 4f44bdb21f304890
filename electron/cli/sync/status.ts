import type { Command } from '@commander-js/extra-typings';
import { type KioskStatus, syncStatusCommand } from '../../core/sync/command.ts';
import { onKiosk } from '../store-command.ts';

/** `status`: from the running core, or from the store if none is running. */
export function registerSyncStatus(parent: Command): void {
  parent
    .command('status')
    .description('Show the running build, what the server has received, and how long the kiosk may run without it.')
    .option('--json', 'the report as one JSON object')
    .addHelpText(
      'after',
      `\nExit code 1 when the server can't be reached, something is wrong, or the kiosk belongs to no server.`,
    )
    .action(({ json }) => onKiosk(syncStatusCommand, {}, json, describeStatus));
}

function describeStatus(report: KioskStatus): string {
  const build = report.commit ? `${report.version} of ${report.commit.slice(0, 12)}` : report.version;
  if (report.server === null) return `build       ${build}\nThis kiosk belongs to no server; its records stay here.`;
  const { online, transport, problem } = report;
  const line = online === null ? 'the kiosk is not running' : online ? `online by ${transport}` : 'not online';
  const rows: [string, string][] = [
    ['build', build],
    ['server', `${report.server} (${line})`],
    ['to send', `${report.queued} events${report.oldestQueuedAt ? `, the oldest of ${report.oldestQueuedAt}` : ''}`],
    ['kept', `${report.unsafe} events that the server has, but none of its backups yet`],
    ['photos', `${report.photosWaiting} waiting`],
    ['last heard', report.lastHeardAt ?? 'never'],
    ['lease', report.leaseUntil ? `without the server, faces are recognised until ${report.leaseUntil}` : 'not begun'],
    ['roster', report.cursor === '' ? 'waiting for a snapshot' : 'up to date as of the last contact'],
  ];
  if (report.proxy) rows.push(['proxy', report.proxy]);
  if (report.pausedUntil) rows.push(['next try', report.pausedUntil]);
  const lines = rows.map(([name, value]) => `${name.padEnd(11)} ${value}`);
  if (problem)
    lines.push(`${problem.code}: ${problem.message}`, ...(problem.nextStep ? [`  ${problem.nextStep}`] : []));
  return lines.join('\n');
}
