import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Command } from '@commander-js/extra-typings';
import { command } from '../../../sync/disk/program.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import type { UpgradeFacts } from '../../../sync/protocol/api/checks.ts';
import { compareVersions } from '../../../sync/protocol/wire/release.ts';
import type { BuildFacts } from '../../../sync/server/app/checks/upgrade.ts';
import { EXIT } from '../exit-codes.ts';
import { print } from '../output.ts';
import { onServer } from '../server/environment.ts';
import { describeBuild, installed, sizeOf, switchTo, withBuild } from './artefact.ts';
import { canWorkWith, changedSince, planUpgrade, type UpgradePlan } from './rules.ts';
import { switchUnits, UNITS } from './units.ts';

const ROOT = '/opt/smartpresence';
const ourBuild = async () => (await import('../../../sync/server/app/checks/upgrade.ts')).thisBuild();
/** Null: systemd is not running here. */
const systemctl = existsSync('/run/systemd/system')
  ? (...args: string[]) => promisify(execFile)('systemctl', args)
  : null;
const facts = async () => onServer((await import('../../../sync/server/app/upgrade.ts')).upgradeFacts);

export function registerUpgrade(program: Command): void {
  const upgrade = program
    .command('upgrade')
    .description('Check a server update beforehand, or go back to the previous version.');
  const root = (command: Command) => command.option('--root <folder>', 'where versions are installed', ROOT);
  root(upgrade.command('check'))
    .description('Before an update: check versions, schema steps, disk, backup and replicas. Changes nothing.')
    .argument(
      '<build>',
      'smartpresence-server-VERSION-linux-x64.tar.gz, the .deb, or a folder that either was unpacked into',
    )
    .option('--json', 'one JSON object: {"from","to","steps","wayBack","issues","replicas"}')
    .addHelpText('after', '\nExit code 1 when something prevents the update.')
    .action(async (build, o) => {
      const now = await facts();
      const [next, needs] = await withBuild(
        build,
        async (folder) => [await describeBuild(folder), sizeOf(folder)] as const,
      );
      const { bavail, bsize } = await statfs(existsSync(o.root) ? o.root : tmpdir());
      const plan = planUpgrade(next, now, { needs, free: bavail * bsize, at: Date.now() });
      const from = (await ourBuild()).build;
      const { replicas, backupAt, verifiedAt } = now;
      const json = { from, to: next.build, ...plan, replicas, backupAt, verifiedAt };
      print(o.json, json, text(from, next, now, plan));
      process.exitCode = plan.issues.length > 0 ? EXIT.attention : EXIT.ok;
    });
  root(upgrade.command('back'))
    .description('After an update: go back to the previous version, if the database schema allows it.')
    .option('--to <version>', 'version to go back to (default: the newest older one)')
    .option('--units <folder>', 'where the systemd units are installed', UNITS)
    .option('--json', 'one JSON object: {"from","to","units":{"written","removed"}}')
    .addHelpText('after', `\nIt switches ${ROOT}/current and the systemd units to that version, and restarts nothing.`)
    .action(async (o) => {
      const { current, versions } = installed(o.root);
      const to = o.to ?? versions.find((v) => current !== null && compareVersions(v, current) < 0);
      if (to === undefined || !versions.includes(to))
        throw new Problem('upgrade-nothing-before', {
          what: o.to === undefined ? 'older version' : `version ${o.to}`,
          root: o.root,
          installed: versions.join(', ') || 'none',
        });
      const now = await facts();
      const before = await describeBuild(join(o.root, to));
      if (!canWorkWith(before, now))
        throw new Problem('upgrade-cannot-roll-back', { to, schema: now.leastReader ?? 'newer' });
      const from = current === null ? null : join(o.root, current);
      const units = await switchUnits(from, join(o.root, to), o.units, systemctl);
      switchTo(o.root, to);
      const text = [
        `The next start runs version ${to}; it was ${current}.`,
        ...units.written.map((name) => `${join(o.units, name)} is restored to that of ${to}.`),
        ...units.removed.map((name) => `${join(o.units, name)} was removed: ${to} has none.`),
        ...(changedSince(before, now)
          ? [
              `The schema stays as ${current} left it. Keep that version: only it or a later one can restore backups made from now on.`,
            ]
          : []),
        'Start it, one replica after the other: systemctl restart smartpresence-server, then each smartpresence-server@NAME',
      ].join('\n');
      print(o.json, { from: current, to, units }, text);
    });
  upgrade
    .command('describe', { hidden: true })
    .description('Describe this build, for the `upgrade check` of another one.')
    .option('--json', 'one JSON object')
    .action(async () => {
      process.stdout.write(`${JSON.stringify(await ourBuild())}\n`);
    });
}

function text(from: string, next: BuildFacts, now: UpgradeFacts, { steps, canRollBack, issues }: UpgradePlan): string {
  const schema =
    steps.length === 0
      ? ['The schema of the database stays as it is.']
      : [
          `${steps.length} ${steps.length === 1 ? 'step' : 'steps'} of the schema, taken at the first start of the new build:`,
          ...steps.map(({ name, expands }) => `  ${name}: ${expands ? 'adds only' : 'changes what older builds read'}`),
        ];
  return [
    // This is also printed by the new build itself, as in containers, where both are the same.
    from === next.build ? `Version ${from} on this database.` : `From ${from} to ${next.build}.`,
    ...schema,
    canRollBack
      ? `Replicas can be updated one after the other, and \`${command('upgrade back')}\` works.`
      : 'Stop all replicas first: the current build can’t run afterwards, and the only way back is the backup.',
    `Newest backup: ${now.backupAt ?? 'none'}; last verified: ${now.verifiedAt ?? 'never'}.`,
    ...now.replicas.map(
      (r) => `Replica ${r.name || 'without a name'}: ${r.build ?? 'an older build'}, schema ${r.schema ?? 'unknown'}.`,
    ),
    ...issues.flatMap(({ code, says, next }) => [`${code}: ${says}`, `    → ${next}`]),
    issues.length === 0 ? 'Ready to update.' : 'Do this first.',
  ].join('\n');
}
