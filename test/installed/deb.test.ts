import { readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectVersion } from '../../build/package/files.ts';
import { cantRun } from '../kiosk-image/machine.ts';
import { type ServerArtefact, serverArtefact } from './artefact.ts';
import { emptyDebian, type Place } from './place.ts';
import { enrolFromPicture, startInstalled } from './server.ts';
import { expectNoSources } from './sources.ts';

/* The server's Debian package on Debian's smallest base: installed, removed and purged by dpkg. */

const impossible = cantRun('debootstrap', 'unshare', 'chroot', 'dpkg-deb');
if (impossible) console.log(impossible);
const version = projectVersion();
const AS = { as: 'smartpresence', env: { SMARTPRESENCE_SERVER_HOME: '/var/lib/smartpresence' } };

describe.skipIf(impossible !== null)(
  'the server’s Debian package',
  () => {
    let artefact: ServerArtefact;
    let place: Place;
    const there = (path: string): boolean => place.do(['test', '-e', path]).code === 0;

    beforeAll(() => {
      artefact = serverArtefact();
      place = emptyDebian();
      place.put(artefact.debian, '/root/server.deb');
    }, 3_600_000);
    afterAll(() => place?.remove(), 600_000);

    test('installs with dpkg only: user, link and units, and every file in its list', () => {
      console.log(`Debian package ${(statSync(artefact.debian).size / 1e6).toFixed(0)} MB`);
      place.say('dpkg', '--install', '/root/server.deb');
      expect(readlinkSync(join(place.root, 'opt/smartpresence/current'))).toBe(version);
      expect(place.say('dpkg', '--verify', 'smartpresence-server')).toBe('');
      expect(place.say('smartpresence', '--version')).toContain(version);
      expect(there('/usr/lib/systemd/system/smartpresence-server.service')).toBe(true);
      expect(there('/etc/systemd/system/smartpresence-server.service')).toBe(false);
      const owners = place.say(
        'find',
        '/opt/smartpresence',
        '(',
        '-not',
        '-user',
        'root',
        '-o',
        '-perm',
        '/022',
        ')',
        '-not',
        '-type',
        'l',
      );
      expect(owners).toBe('');
    });

    test('starts its server as the unit’s user, and enrols a face from a picture', async () => {
      place.do(['smartpresence', 'server', 'init'], AS);
      const server = await startInstalled(place, AS);
      expect(await enrolFromPicture(server)).toMatchObject({ outcome: 'enrolled', templates: 1 });
      expectNoSources(place, server.process);
      expect(await server.stop()).toBe(0);
    });

    test('is left alone by an archive’s installer', () => {
      const { code, err } = place.do([`/opt/smartpresence/${version}/install.sh`, '--uninstall']);
      expect([code, err]).toEqual([3, expect.stringContaining('update or remove it with apt')]);
    });

    test('keeps configuration and data when removed and purged, unless asked to delete them', () => {
      place.say('dpkg', '--remove', 'smartpresence-server');
      expect(['/opt/smartpresence', '/usr/bin/smartpresence'].filter(there)).toEqual([]);
      place.say('dpkg', '--purge', 'smartpresence-server');
      expect(there('/var/lib/smartpresence/keys.env')).toBe(true);
      place.say('dpkg', '--install', '/root/server.deb');
      place.say('env', 'SMARTPRESENCE_PURGE=yes', 'dpkg', '--purge', 'smartpresence-server');
      expect(['/var/lib/smartpresence', '/etc/smartpresence'].filter(there)).toEqual([]);
      expect(place.do(['id', 'smartpresence']).code).toBe(1);
    });
  },
  1_200_000,
);
