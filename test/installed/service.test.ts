import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectVersion } from '../../build/package/files.ts';
import { type Booted, boot, copyOfDebian, debianRoot } from '../kiosk-image/debian.ts';
import { cantRun, run } from '../kiosk-image/machine.ts';
import { nextServer, serverArtefact } from './artefact.ts';
import { type Ask, answersOf, DATABASE, enrolFromPicture, PACKAGES, sessionOn, signInFirst } from './server.ts';
import { expectNoSourcesOn } from './sources.ts';

/*
 * A Debian machine with its own systemd, PostgreSQL and the server's Debian package, set up by `smartpresence setup`. The server
 * is run by its unmodified unit, with its secrets sealed.
 */

const impossible = cantRun('debootstrap', 'systemd-nspawn', 'nsenter', 'pgrep', 'dpkg-deb');
if (impossible) console.log(impossible);
const NEXT = '0.1.1';
const LISTENS = ['bash', '-c', '</dev/tcp/127.0.0.1/8443'] as const;
describe.skipIf(impossible !== null)(
  'the server as a service',
  () => {
    let debian: ReturnType<typeof copyOfDebian>;
    let machine: Booted;
    let ask: Ask;
    const put = (path: string, text: string): void => writeFileSync(join(debian.root, path), text);

    beforeAll(async () => {
      const { debian: deb } = serverArtefact();
      debian = copyOfDebian(debianRoot([], PACKAGES));
      run('cp', deb, join(debian.root, 'root/server.deb'));
      run('cp', nextServer(NEXT).debian, join(debian.root, 'root/next.deb'));
      put('root/database.sh', DATABASE);
      put('root/consent.en.txt', 'Your face\n\nWe keep numbers of it, {controller}.\n\nAsk {contact}.\n');
      put(
        'root/answers',
        answersOf('localhost', [
          'SMARTPRESENCE_BIND=127.0.0.1',
          'SETUP_CONSENT_TEXT=/root/consent.en.txt',
          'SETUP_CONSENT_REVIEWED=yes',
        ]),
      );
      machine = await boot(debian.root);
      await machine.started();
      machine.say('sh', '/root/database.sh');
    }, 3_600_000);
    afterAll(async () => {
      await machine?.halt();
      debian?.remove();
    }, 600_000);

    test('installs, and says what it needs if started before set-up', () => {
      const said = machine.say('apt-get', 'install', '-y', '/root/server.deb');
      expect(said).toContain(projectVersion());
      expect(said).toContain('Next: smartpresence setup');
      expect(machine.do('systemctl', 'start', 'smartpresence-server').code).not.toBe(0);
      expect(machine.do('smartpresence', 'accounts', 'list')).toMatchObject({ out: '' });
      machine.say('systemctl', 'reset-failed');
    });

    test('is set up and started by two commands, and its first administrator signs in', async () => {
      const said = machine.say('smartpresence', 'setup', '--answers', '/root/answers', '--json');
      const { link } = JSON.parse(said) as { link: string };
      machine.say('systemctl', 'enable', '--now', 'smartpresence-server');
      // The unit counts as started once the server serves, so nothing waits here.
      machine.say(...LISTENS);
      expect(machine.say('smartpresence', 'accounts', 'list')).toContain('ada@example.org');
      const { origin } = new URL(link);
      ask = sessionOn(machine, debian.root, origin);
      await signInFirst(ask, link);
      expect(await ask('GET', '/api/session')).toMatchObject({ role: 'admin', stage: 'full' });
      // A second set-up, while the server is running.
      const again = machine.say('smartpresence', 'setup', '--answers', '/root/answers');
      expect(again).toContain('Nothing was changed.');
      expect(again).toContain('Restart the server, so that it takes effect: systemctl restart smartpresence-server');
    });

    test('enrols a face from a picture, by a consent to the operator’s own text', async () => {
      const { items } = await ask('GET', '/api/consent-texts');
      const [text] = items as { version: string }[];
      expect(text).toMatchObject({ language: 'en', title: 'Your face', reviewed: true, inForce: true });
      expect(await enrolFromPicture({ ask }, text!.version)).toMatchObject({ outcome: 'enrolled', templates: 1 });
    });

    test('runs as its own user, with no key on disk or in an environment', () => {
      const pid = machine.say('systemctl', 'show', '--value', '--property=MainPID', 'smartpresence-server').trim();
      expect(machine.say('stat', '--format=%U', `/proc/${pid}`).trim()).toBe('smartpresence');
      expect(machine.say('readlink', `/proc/${pid}/exe`).trim()).toBe(
        `/opt/smartpresence/${projectVersion()}/bin/node`,
      );
      const keys = machine.say('cat', '/root/keys').match(/(?<==)[A-Za-z0-9+/]{43}=/g)!;
      expect(keys.length).toBe(2);
      for (const key of keys) {
        const found = machine.do(
          'grep',
          '-rlaF',
          '--',
          key,
          '/etc',
          '/var/lib/smartpresence',
          '/var/log',
          '/opt/smartpresence/current/systemd',
        );
        expect(found.out).toBe('');
        expect(machine.say('cat', `/proc/${pid}/environ`)).not.toContain(key);
      }
      expect(machine.say('systemctl', 'list-units', '--failed', '--no-legend')).toBe('');
    });

    test('starts again with the machine', async () => {
      machine.say('systemctl', 'restart', 'smartpresence-server');
      await machine.halt();
      machine = await boot(debian.root);
      // Checks the unit, not just the database, which the command would otherwise query directly.
      const active = ['systemctl', 'is-active', '--quiet', 'smartpresence-server'];
      await machine.until('the server', 180_000, ...active);
      expect(machine.say('smartpresence', 'accounts', 'list')).toContain('ada@example.org');
    });

    /** The process that a unit runs. */
    const program = (unit = 'smartpresence-server') => {
      const pid = machine.say('systemctl', 'show', '--value', '--property=MainPID', unit).trim();
      return machine.say('readlink', `/proc/${pid}/exe`).trim();
    };

    test('is updated by apt with a schema migration, and goes back, running the right build each time', async () => {
      machine.say('apt-get', 'install', '-y', '/root/next.deb');
      machine.say(...LISTENS);
      expect(program()).toBe(`/opt/smartpresence/${NEXT}/bin/node`);
      expect(machine.say('smartpresence', 'accounts', 'list')).toContain('ada@example.org');
      const columns = `select count(*) from information_schema.columns where column_name = 'next_colour'`;
      const psql = ['runuser', '-u', 'postgres', '--', 'psql', '--tuples-only', '--no-align', 'smartpresence'];
      expect(machine.say(...psql, '-c', columns).trim()).toBe('1');
      machine.say('apt-get', 'install', '-y', '--allow-downgrades', '/root/server.deb');
      machine.say(...LISTENS);
      expect(program()).toBe(`/opt/smartpresence/${projectVersion()}/bin/node`);
      expect(machine.say('ls', '/opt/smartpresence').trim().split('\n')).toEqual([projectVersion(), 'current']);
      expect(machine.say('smartpresence', 'accounts', 'list')).toContain('ada@example.org');
    });

    test('with two on one machine, the second is updated once the first serves, so a build that does not start affects only the first', async () => {
      const second = 'smartpresence-server@b';
      const ports = ['SMARTPRESENCE_PEOPLE_PORT=8543', 'SMARTPRESENCE_DEVICE_PORT=8544', 'SMARTPRESENCE_MQTT=off', ''];
      put('etc/smartpresence/server-b.env', ports.join('\n'));
      machine.say('systemctl', 'start', second);
      machine.say('dpkg-deb', '--raw-extract', '/root/next.deb', '/root/bad');
      put(`root/bad/opt/smartpresence/${NEXT}/app/sync/server/main.js`, 'throw new Error("a bad build");\n');
      machine.say('dpkg-deb', '-Znone', '--build', '/root/bad', '/root/bad.deb');
      const said = machine.do('apt-get', 'install', '-y', '/root/bad.deb');
      expect(`${said.out}${said.err}`).toContain('smartpresence-server.service does not start');
      expect(machine.do('systemctl', 'is-active', '--quiet', 'smartpresence-server').code).not.toBe(0);
      expect(program(second)).toBe(`/opt/smartpresence/${projectVersion()}/bin/node (deleted)`);
      machine.say('bash', '-c', '</dev/tcp/127.0.0.1/8543');

      machine.say('apt-get', 'install', '-y', '--allow-downgrades', '/root/server.deb');
      await machine.until('the first, as systemd starts it again', 120_000, ...LISTENS);
      for (const unit of ['smartpresence-server', second])
        expect(program(unit)).toBe(`/opt/smartpresence/${projectVersion()}/bin/node`);
      // A new build takes both over, one after the other.
      for (const [archive, version] of [
        ['/root/next.deb', NEXT],
        ['/root/server.deb', projectVersion()],
      ] as const) {
        machine.say('apt-get', 'install', '-y', '--allow-downgrades', archive);
        for (const unit of ['smartpresence-server', second])
          expect(program(unit)).toBe(`/opt/smartpresence/${version}/bin/node`);
      }
      machine.say('systemctl', 'stop', second);
      machine.say('rm', '-r', '/root/bad', '/root/bad.deb');
    });

    test('can’t reach the sources', () => {
      expectNoSourcesOn(machine, debian.root, '/opt/smartpresence/*', 'bin/node');
    });

    test('stops its units when removed', () => {
      machine.say('apt-get', 'remove', '-y', 'smartpresence-server');
      expect(machine.do('systemctl', 'is-active', '--quiet', 'smartpresence-server').code).not.toBe(0);
      expect(machine.say('ls', '/etc/smartpresence/credentials')).toContain('ENCRYPTION_KEY');
    });
  },
  1_200_000,
);
