import type { Command } from '@commander-js/extra-typings';
import { type KioskHealth, kioskDoctor } from '../../core/commands/doctor.ts';
import { onKiosk } from '../store-command.ts';

export function registerKioskDoctor(program: Command): void {
  program
    .command('doctor')
    .description('Check that every face model of this kiosk loads, and say what to do.')
    .option('--json', 'one JSON object: {"ok","embedder","passiveLiveness","problem"}')
    .addHelpText('after', '\nExit code 1 when no face is recognised here.')
    .action(({ json }) => checkKiosk(json));
}

export const checkKiosk = (json: boolean | undefined): Promise<void> => onKiosk(kioskDoctor, {}, json, asText);

function asText({ embedder, passiveLiveness, problem }: KioskHealth): string {
  if (problem)
    return `failing     models            ${problem.code}: ${problem.message}\n            → ${problem.nextStep}`;
  return `ok          models            ${embedder}, liveness model: ${passiveLiveness ?? 'none'}`;
}
