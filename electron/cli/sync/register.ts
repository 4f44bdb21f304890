import type { Command } from 'commander';
import { registerQuarantine } from './quarantine.ts';
import { registerSyncStatus } from './status.ts';

/** `sync status`: of a kiosk; `sync quarantine`: on the server. */
export function registerSync(program: Command): void {
  const sync = program.command('sync').description('Show the sync between kiosks and their server.');
  registerQuarantine(sync);
  registerSyncStatus(sync);
}
