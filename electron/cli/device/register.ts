import type { Command } from 'commander';
import { registerKiosk } from './kiosk.ts';
import { registerRegistry } from './registry.ts';

/** `device …`: on the server the registry of kiosks, on a kiosk how it joins. */
export function registerDevice(program: Command): void {
  const device = program
    .command('device')
    .description('Register kiosks: provision, approve, list and revoke on the server; join and renew on the kiosk.');
  registerRegistry(device);
  registerKiosk(device);
}
