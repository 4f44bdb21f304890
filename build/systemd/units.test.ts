import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readEnvironmentFile } from '../../electron/cli/server/env-file.ts';
import { readConfig } from '../../sync/server/app/config.ts';
import { replicaUnit } from './replica.ts';

const ANALYZE = '/usr/bin/systemd-analyze';
const missing = !existsSync(ANALYZE);
if (missing) console.log(`SKIPPED: units read by systemd: ${ANALYZE} is missing (Debian package systemd)`);
const folder = mkdtempSync(join(tmpdir(), 'sp-units-'));
afterAll(() => rmSync(folder, { recursive: true }));
const units = new Map(
  globSync('*.service', { cwd: import.meta.dirname }).map((unit) => [
    unit,
    readFileSync(join(import.meta.dirname, unit), 'utf8'),
  ]),
);
units.set('smartpresence-server@.service', replicaUnit(units.get('smartpresence-server.service')!));

test.skipIf(missing).each([...units])('systemd accepts %s unchanged and rates it well protected', (unit, installed) => {
  // The programs exist only on an installed server.
  const text = installed.replace(/^(ExecStart(?:Post)?)=\S+/gm, '$1=/bin/true');
  const file = join(folder, unit);
  writeFileSync(file, text);
  const verified = spawnSync(ANALYZE, ['verify', '--man=no', '--recursive-errors=no', file], { encoding: 'utf8' });
  expect([verified.status, verified.stderr]).toEqual([0, '']);
  // From 0 (closed) to 10 (open), here in tenths. What remains is network access, and memory that V8 can compile into.
  const judged = spawnSync(ANALYZE, ['security', '--offline=yes', '--threshold=20', '--no-pager', file], {
    encoding: 'utf8',
  });
  expect(judged.status, judged.stdout.slice(-200)).toBe(0);
});

test.each([...units])(
  '%s: no core dump, no swap, and no standard output in the journal except the broker’s',
  (unit, text) => {
    for (const line of ['LimitCORE=0', 'MemorySwapMax=0']) expect(text).toMatch(new RegExp(`^${line}$`, 'm'));
    if (unit.includes('server')) {
      // Node asks the kernel for this machine's addresses to listen on all of them. Without AF_NETLINK no server starts.
      expect(text).toMatch(/^RestrictAddressFamilies=.*\bAF_NETLINK\b/m);
      expect(text).toMatch(/^StandardOutput=null$/m);
      expect(text).toMatch(/^LoadCredentialEncrypted=smartpresence:\/etc\/smartpresence\/credentials$/m);
      expect(text).not.toMatch(/^Environment=.*(KEY|URL)=/m);
    }
  },
);

test.skipIf(missing).each(globSync('*.timer', { cwd: import.meta.dirname }))(
  'systemd accepts %s with its service',
  (unit) => {
    for (const one of [unit, unit.replace(/timer$/, 'service')]) {
      const text = readFileSync(join(import.meta.dirname, one), 'utf8').replace(
        /^ExecStart=\S+/m,
        'ExecStart=/bin/true',
      );
      writeFileSync(join(folder, one), text);
    }
    const timer = join(folder, unit);
    const verified = spawnSync(ANALYZE, ['verify', '--man=no', '--recursive-errors=no', timer], { encoding: 'utf8' });
    expect([verified.status, verified.stderr]).toEqual([0, '']);
  },
);

test('a replica has its own name, ports, log and data', () => {
  const lines = (unit: string) => units.get(unit)!.split('\n').slice(1);
  const only = lines('smartpresence-server.service');
  expect(lines('smartpresence-server@.service').filter((line) => !only.includes(line))).toEqual([
    'Description=SmartPresence central server, replica %i',
    '# Ports of this replica.',
    'EnvironmentFile=/etc/smartpresence/server-%i.env',
    'Environment=NODE_ENV=production SMARTPRESENCE_SERVER_HOME=/var/lib/smartpresence-%i SMARTPRESENCE_REPLICA=%i',
    'SyslogIdentifier=smartpresence-%i',
    'StateDirectory=smartpresence-%i',
  ]);
});

test('the broker is notified of changed access rules once, and again if that failed, but not of unchanged rules', () => {
  const [broker, state, bin] = ['broker', 'state', 'bin'].map((name) => mkdtempSync(join(folder, name)));
  const program = (name: string, text: string) =>
    writeFileSync(join(bin!, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  program('systemctl', `echo "$*" >>${bin}/notified; [ ! -e ${bin}/stuck ]`);
  const notified = () => readFileSync(join(bin!, 'notified'), 'utf8').trim().split('\n');
  const rules = (text: string) => writeFileSync(join(broker!, 'acl'), text);
  const run = () =>
    spawnSync(join(import.meta.dirname, 'broker-reload.sh'), [broker!, state!], {
      env: { PATH: `${bin}:/usr/bin:/bin` },
    }).status;
  rules('user a\ntopic deny #\n');
  expect([run(), run()]).toEqual([0, 0]);
  expect(notified()).toEqual(['try-reload-or-restart smartpresence-mosquitto.service']);
  rules('user b\ntopic deny #\n');
  writeFileSync(join(bin!, 'stuck'), '');
  expect([run(), run()]).toEqual([1, 1]);
  rmSync(join(bin!, 'stuck'));
  expect([run(), run(), notified().length]).toEqual([0, 0, 4]);
});

test('the server accepts server.env.example', () => {
  const file = join(import.meta.dirname, 'server.env.example');
  const env = readEnvironmentFile(readFileSync(file, 'utf8'));
  // A shell reads the same value.
  const sourced = spawnSync('sh', ['-c', `set -a; . ${file}; printf %s "$SMARTPRESENCE_SITE"`], { encoding: 'utf8' });
  expect([sourced.stdout, sourced.stderr]).toEqual([env.SMARTPRESENCE_SITE, '']);
  const key = () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64');
  const config = readConfig({ ...env, SMARTPRESENCE_SERVER_HOME: '/srv', ENCRYPTION_KEY: key(), SECRET_KEY: key() });
  expect(config).toMatchObject({ bind: '0.0.0.0', drainMs: 5000, operations: { plain: true } });
});
