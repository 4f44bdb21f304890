import type { Command } from '@commander-js/extra-typings';
import type { z } from 'zod';
import * as api from '../../../sync/protocol/api/retention.ts';
import { EXIT } from '../exit-codes.ts';
import { instant, someOf } from '../options.ts';
import { print, printEach } from '../output.ts';
import { call } from '../server/environment.ts';

type RuleReport = z.output<typeof api.RuleReport>;
type State = z.output<typeof api.Retention>;
type Hold = z.output<typeof api.Hold>;

const PERIODS = `
Periods come from the server's environment: SMARTPRESENCE_GPS_DAYS (30 at most), SMARTPRESENCE_PHOTO_DAYS (90 at most),
SMARTPRESENCE_TEMPLATE_DAYS, SMARTPRESENCE_ATTENDANCE_DAYS, SMARTPRESENCE_CONSENT_DAYS, SMARTPRESENCE_LEAVER_DAYS,
SMARTPRESENCE_QUARANTINE_DAYS. The policy of a site may shorten the first two.`;

/** `retention show|run|holds|hold|release`: on the server. */
export function registerRetention(program: Command): void {
  const retention = program
    .command('retention')
    .description('Show how long data is kept and what was deleted; manage legal holds.');
  retention
    .command('show', { isDefault: true })
    .description('Show the rules, the last run, and which deletions kiosks have confirmed.')
    .option('--json', 'one JSON object: {"rules","lastRun","kiosks"}')
    .addHelpText('after', `${PERIODS}\nExit code 1 when the purge of a kiosk is overdue, or one failed.`)
    .action(async (o) => {
      const state = await call(api.getRetention);
      print(o.json, state, textOf);
      const bad = state.kiosks.some((k) => k.overdue) || state.lastRun?.rules.some((r) => r.failed !== null);
      process.exitCode = bad ? EXIT.attention : EXIT.ok;
    });
  retention
    .command('run')
    .description('Delete what is due now instead of at the server’s next hourly run.')
    .option('--dry-run', 'show what would be deleted, and delete nothing')
    .option(
      '--only <kinds>',
      'gps, photos, templates, attendance, consents, leavers, quarantine; comma-separated',
      someOf(api.RetentionKind.options),
    )
    .option('--json', 'one JSON object per kind')
    .addHelpText('after', `${PERIODS}\nExit code 1 when one failed.`)
    .action(async (o) => {
      const dryRun = o.dryRun ?? false;
      const report = await (dryRun ? call(api.dryRunRetention) : call(api.runRetention, { body: { kinds: o.only } }));
      const rules = report.rules.filter(({ kind }) => o.only?.includes(kind) ?? true);
      for (const rule of rules) print(o.json, rule, ruleLine(rule, dryRun));
      process.exitCode = rules.some((r) => r.failed !== null) ? EXIT.attention : EXIT.ok;
    });
  registerHolds(retention);
}

function registerHolds(retention: Command): void {
  retention
    .command('holds')
    .description('List legal holds: data that is kept despite the rules.')
    .option('--released', 'include released holds')
    .option('--json', 'one JSON object per line')
    .action(async (o) => {
      const { items: holds } = await call(api.listHolds, { query: { released: o.released } });
      printEach(o.json, holds, holdLine, 'Nothing is held.');
    });
  retention
    .command('hold')
    .description('Add a legal hold on a person, a site or a period.')
    .requiredOption('--reason <text>', 'the reason, stored encrypted')
    .option('--person <id>')
    .option('--site <id>')
    .option('--from <time>', 'e.g. 2027-03-01T00:00:00Z', instant)
    .option('--until <time>', 'as --from', instant)
    .option('--json', 'one JSON object: {"id"}')
    .addHelpText('after', `\nA person named in a hold can't be erased until it is released.`)
    .action(async ({ json, ...body }) =>
      print(json, await call(api.setHold, { body }), ({ id }) => `Hold ${id} is in force.`),
    );
  retention
    .command('release')
    .description('Release a hold. The data it kept is deleted in the next run.')
    .argument('<hold>')
    .option('--json', 'one JSON object')
    .action(async (hold, o) => {
      await call(api.releaseHold, { params: { hold } });
      print(o.json, { hold }, 'Released.');
    });
}

function ruleLine(r: RuleReport, dryRun: boolean): string {
  const period = r.days === null ? 'no end' : `${r.days} d`;
  if (r.failed) return `${r.kind.padEnd(11)} ${period.padStart(7)}  failed: ${r.failed} (${r.removed} removed before)`;
  const done = dryRun ? `${r.due} would go` : `${r.removed} removed`;
  const held = r.held > 0 ? `, ${r.held} kept by a hold` : '';
  return `${r.kind.padEnd(11)} ${period.padStart(7)}  ${done}${held}, oldest ${r.oldest ?? '—'}`;
}

function textOf({ rules, lastRun, kiosks }: State): string {
  const lines = rules.map(
    (r) =>
      `${r.kind.padEnd(11)} ${(r.days === null ? 'no end' : `${r.days} d`).padStart(7)}  ${r.counted}: ${r.outcome}`,
  );
  const run = lastRun
    ? [`Last run ${lastRun.at}:`, ...lastRun.rules.map((r) => `  ${ruleLine(r, false)}`)]
    : ['No run yet.'];
  const purges = kiosks.map((k) => {
    const until = k.purgedBefore ? `nothing older than ${k.purgedBefore}` : 'has not confirmed yet';
    return `  ${k.name} (${k.device}) ${k.what}: ${until}${k.overdue ? ', OVERDUE' : ''}`;
  });
  return [...lines, ...run, 'Kiosks’ own purges:', ...(purges.length > 0 ? purges : ['  no kiosk'])].join('\n');
}

function holdLine(h: Hold): string {
  const what = [
    h.person && `person ${h.person}`,
    h.site && `site ${h.site}`,
    h.from && `from ${h.from}`,
    h.until && `until ${h.until}`,
  ].filter(Boolean);
  const released = h.releasedAt ? `, released ${h.releasedAt} by ${h.releasedBy}` : '';
  return `${h.id}  ${what.join(', ')}: ${h.reason} (set ${h.setAt} by ${h.setBy}${released})`;
}
