import type { Command } from '@commander-js/extra-typings';
import type { CheckReport } from '../../../sync/protocol/api/checks.ts';
import { EXIT } from '../exit-codes.ts';
import { print } from '../output.ts';
import { onServer } from '../server/environment.ts';
import { checkKiosk } from './kiosk.ts';

const STATE_LABELS: Readonly<Record<CheckReport['checks'][number]['state'], string>> = {
  ok: 'ok',
  note: 'note',
  degraded: 'degraded',
  failing: 'failing',
  'not-checked': 'not checked',
};

const LEVELS = { stops: 'failing', degrades: 'degraded', note: 'note' } as const;

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'Check a server (models, keys, database, broker, object store, certificates, backups, replicas) and say what to do.',
    )
    .option('--json', 'one JSON object: {"ok","build","home","database","checks"}')
    .option('--kiosk', 'check the models of this machine’s kiosk instead of its server')
    .addHelpText(
      'after',
      `
Runs beside a running server without disturbing it: it writes and deletes one small object in the object store, signs in to the
mail server without sending, and changes nothing else. A running server tests the broker itself; otherwise this command does.
With --kiosk: {"ok","embedder","passiveLiveness","problem"}, as the kiosk's core finds it.
The codes are the same as in /readyz and under Needs attention in the console (docs/operate/health.md).
Exit code 1 when something is failing or degraded.`,
    )
    .action(async (o) => {
      if (o.kiosk) return checkKiosk(o.json);
      const { doctor } = await import('../../../sync/server/app/doctor.ts');
      const report = await onServer((env) => doctor(env));
      print(o.json, report, text);
      process.exitCode = report.ok ? EXIT.ok : EXIT.attention;
    });
}

/** Formats one line per check, and below it each finding with what to do. */
function text({ build, home, database, checks }: CheckReport): string {
  const lines = [`Server ${build}, home ${home}, database ${database}`];
  for (const { check, state, remark, findings } of checks) {
    if (findings.length === 0)
      lines.push(`${STATE_LABELS[state].padEnd(11)} ${remark === null ? check : `${check.padEnd(17)} ${remark}`}`);
    for (const { code, level, says, next, detail, replica } of findings) {
      lines.push(
        `${STATE_LABELS[LEVELS[level]].padEnd(11)} ${check.padEnd(17)} ${code}${replica === null ? '' : ` (replica ${replica})`}: ${says}`,
      );
      if (detail) lines.push(`${' '.repeat(12)}${detail}`);
      lines.push(`${' '.repeat(12)}→ ${next}`);
    }
  }
  return lines.join('\n');
}
