import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectVersion } from '../../build/package/files.ts';
import { cantRun } from '../kiosk-image/machine.ts';
import { type ServerArtefact, serverArtefact } from './artefact.ts';
import { emptyDebian, type Place } from './place.ts';
import { enrolFromPicture, type InstalledServer, startInstalled } from './server.ts';
import { expectNoSources } from './sources.ts';

/* The server's archive on Debian's smallest base, installed and started only by the commands of docs/install/first-day.md. */

const impossible = cantRun('debootstrap', 'unshare', 'chroot');
if (impossible) console.log(impossible);
const MB = 1e6;
const version = projectVersion();
const unpacked = `/root/smartpresence-server-${version}`;
/** Same user and environment as in the unit. */
const AS = { as: 'smartpresence', env: { SMARTPRESENCE_SERVER_HOME: '/var/lib/smartpresence' } };

describe.skipIf(impossible !== null)(
  'the server’s archive',
  () => {
    let artefact: ServerArtefact;
    let place: Place;
    let server: InstalledServer | null = null;

    // Packing and a machine's first debootstrap take minutes. Both results are kept.
    beforeAll(() => {
      artefact = serverArtefact();
      place = emptyDebian();
      place.put(artefact.archive, '/root/server.tar.gz');
      place.say('tar', '-xzf', '/root/server.tar.gz', '-C', '/root');
    }, 3_600_000);
    afterAll(async () => {
      await server?.stop();
      place?.remove();
    }, 600_000);

    test('is under its limit', () => {
      const size = statSync(artefact.archive).size;
      const installed = Number(place.say('du', '-sk', unpacked).split('\t')[0]) * 1024;
      console.log(`archive ${(size / MB).toFixed(0)} MB, installed ${(installed / MB).toFixed(0)} MB`);
      expect(size).toBeLessThan(250 * MB);
    });

    test('has no other platform’s binaries, no development files, and nothing for a kiosk’s browser', () => {
      const files = place.say('find', `${unpacked}/app`, '-type', 'f', '-printf', '%P\\n').trim().split('\n');
      const natives = files.filter((file) => /\.(node|dylib|dll)$|\.so(\.|$)/.test(file));
      expect(natives.length).toBeGreaterThanOrEqual(4);
      expect(natives.filter((file) => /darwin|win32|musl|arm64|cuda|tensorrt/.test(file))).toEqual([]);
      expect(
        files.filter((file) => /^node_modules\/(@mediapipe|electron|vite|typescript|playwright)/.test(file)),
      ).toEqual([]);
      expect(files.filter((file) => /\.(tflite|wasm)$/.test(file) && !file.includes('pglite'))).toEqual([]);
      expect(files.filter((file) => /^(test|renderer)\/|\.test\.|^electron\/host-electron\//.test(file))).toEqual([]);
    });

    test('has a bill of materials and notices for each package, Node and the weights', () => {
      const { components } = JSON.parse(readFileSync(artefact.sbom, 'utf8')) as {
        components: { 'bom-ref': string; group?: string; name: string; version?: string }[];
      };
      const refs = components.map((c) => c['bom-ref']);
      const manifests = place
        .say('find', `${unpacked}/app/node_modules`, '-mindepth', '2', '-maxdepth', '3', '-name', 'package.json')
        .trim()
        .split('\n')
        .filter((path) => /\/node_modules\/(?:@[^/]+\/[^/]+|[^@/][^/]*)\/package\.json$/.test(path));
      expect(manifests.length).toBeGreaterThan(50);
      const missing = manifests.filter((path) => {
        const { name, version } = JSON.parse(readFileSync(join(place.root, path), 'utf8')) as Record<string, string>;
        return !refs.includes(`pkg:npm/${name!.replace('@', '%40')}@${version}`);
      });
      expect(missing).toEqual([]);
      for (const name of ['node', 'fr_feature.onnx', 'preact']) expect(components.map((c) => c.name)).toContain(name);
      const notices = place.say('cat', `${unpacked}/THIRD-PARTY-NOTICES`);
      for (const { group, name, version } of components)
        expect(notices).toContain(`\n${group ? `${group}/` : ''}${name} ${version} (`);
    });

    test('installs itself, and changes nothing when run again', () => {
      expect(place.say(`${unpacked}/install.sh`)).toContain(`installed /opt/smartpresence/${version}`);
      expect(readlinkSync(join(place.root, 'opt/smartpresence/current'))).toBe(version);
      expect(place.say('smartpresence', '--version')).toMatch(
        new RegExp(`^${version.replaceAll('.', '\\.')} \\([0-9a-f]{12}\\)`),
      );
      const again = place.say(`${unpacked}/install.sh`).trim().split('\n');
      expect(again).toEqual([
        `SmartPresence ${version} is the current version: /usr/bin/smartpresence --version`,
        'Next: smartpresence setup',
      ]);
      const units = place.say('ls', '/etc/systemd/system').split('\n');
      expect(units).toContain('smartpresence-server.service');
      for (const unit of units.filter((name) => name.startsWith('smartpresence')))
        for (const [, path] of readFileSync(join(place.root, 'etc/systemd/system', unit), 'utf8').matchAll(
          /(\/opt\/smartpresence\/\S+)/g,
        ))
          expect([unit, path, place.do(['test', '-e', path!]).code]).toEqual([unit, path, 0]);
    });

    test('its command offers nothing that needs the sources, and shows its own name', () => {
      const help = place.say('smartpresence', '--help');
      expect(help).not.toMatch(/\bbench\b|npm/);
      const { code, err } = place.do(['smartpresence', 'bench']);
      expect([code, err]).toEqual([2, expect.stringContaining('smartpresence --help')]);
    });

    test('starts as the unit’s user, lets its first administrator in, and enrols a face from a picture', async () => {
      expect(place.do(['smartpresence', 'server', 'init'], AS)).toMatchObject({ code: 0 });
      server = await startInstalled(place, AS);
      expect(readFileSync(`/proc/${server.process}/status`, 'utf8')).not.toMatch(/^Uid:\t0/m);
      expect(await enrolFromPicture(server)).toMatchObject({ outcome: 'enrolled', templates: 1 });
      expectNoSources(place, server.process);
    });

    test('stops on request', async () => {
      expect(await server!.stop()).toBe(0);
      server = null;
    });

    test('is uninstalled, keeping what belongs to the operator', () => {
      expect(place.say('/opt/smartpresence/current/install.sh', '--uninstall')).toContain('Kept: ');
      expect(place.do(['test', '-e', '/opt/smartpresence']).code).toBe(1);
      expect(place.do(['test', '-e', '/usr/bin/smartpresence']).code).toBe(1);
      expect(place.say('ls', '/etc/systemd/system')).not.toContain('smartpresence');
      expect(place.say('ls', '/var/lib/smartpresence')).toContain('keys.env');
      const { code, err } = place.do([`${unpacked}/install.sh`, '--purge']);
      expect([code, err]).toEqual([3, expect.stringContaining('--purge goes with --uninstall')]);
    });
  },
  1_200_000,
);
