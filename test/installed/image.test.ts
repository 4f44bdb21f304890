import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectVersion } from '../../build/package/files.ts';
import { debianRoot } from '../kiosk-image/debian.ts';
import { cantRun } from '../kiosk-image/machine.ts';
import { serverArtefact } from './artefact.ts';
import { stepsOf } from './pages.ts';
import { type Place, placeAt } from './place.ts';
import { enrolFromPicture, startInstalled } from './server.ts';
import { expectNoSources } from './sources.ts';

/*
 * The container image as the commands of docs/install/first-day.md make it, really built, and its root entered. Its base can't be
 * had here: a Debian of debootstrap's takes its place, without what Debian's own images leave out. Nor can podman: buildah builds.
 */

const impossible = cantRun('debootstrap', 'unshare', 'chroot', 'buildah', 'tar');
if (impossible) console.log(impossible);
/** What Debian's slim images do without. */
const SLIM = [
  'var/lib/apt/lists/*',
  'var/cache/*',
  'usr/share/doc/*',
  'usr/share/man/*',
  'usr/share/locale/*',
  'proc/*',
  'dev/*',
];
/** How this machine lets images be built: docs/develop/packages.md. */
const HERE = ['--isolation=chroot', '--ulimit=nofile=20000:20000', '--ulimit=nproc=90000:90000', '--pull=never'];
const BASE = 'localhost/debian';
const IMAGE = 'localhost/smartpresence-server';

describe.skipIf(impossible !== null)(
  'the container image',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'sp-container-'));
    let place: Place;

    const run = (command: string, ...args: string[]): string => {
      const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
      if (status !== 0)
        throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${(stdout + stderr).slice(-2_000)}`);
      return stdout.trim();
    };
    const buildah = (...args: string[]): string =>
      run(
        'buildah',
        '--storage-driver',
        'vfs',
        '--root',
        join(folder, 'storage'),
        '--runroot',
        join(folder, 'run'),
        ...args,
      );

    /** The commands of the page, as they are written, up to where an engine starts containers. @param home of the one who types */
    const typeThePage = (home: string): string => {
      const page = stepsOf('docs/install/first-day.md').find(({ commands }) => commands.includes('podman build'))!;
      const commands = page.commands.slice(0, page.commands.indexOf('podman compose'));
      const podman = join(folder, 'bin/podman');
      const quoted = HERE.map((word) => `'${word}'`).join(' ');
      const storage = `--storage-driver vfs --root '${folder}/storage' --runroot '${folder}/run'`;
      writeFileSync(
        podman,
        `#!/bin/sh\nverb=$1\nshift\nexec buildah ${storage} "$verb" ${quoted} --build-arg BASE=${BASE} "$@"\n`,
        { mode: 0o755 },
      );
      const yours = `VERSION=${projectVersion()}; HOST=presence.example.org; PATH=${join(folder, 'bin')}:$PATH`;
      return run('bash', '-euc', `cd ${home}; ${yours}\n${commands}`);
    };

    beforeAll(() => {
      const { archive } = serverArtefact();
      const base = join(folder, 'base');
      const home = join(folder, 'home');
      run('mkdir', base, home, join(folder, 'bin'));
      const excludes = SLIM.map((path) => `--exclude=./${path}`);
      run('tar', '--create', `--file=${base}/root.tar`, `--directory=${debianRoot([], [])}`, ...excludes, '.');
      writeFileSync(join(base, 'Containerfile'), 'FROM scratch\nADD root.tar /\n');
      buildah('build', ...HERE, '--tag', BASE, base);
      rmSync(join(base, 'root.tar'));
      cpSync(archive, join(home, basename(archive)));
      expect(typeThePage(home)).toContain('Ready: edit settings.env');
      const container = buildah('from', '--pull=never', IMAGE);
      place = placeAt(buildah('mount', container));
    }, 3_600_000);
    afterAll(() => {
      if (impossible === null)
        spawnSync('buildah', [
          '--storage-driver',
          'vfs',
          '--root',
          join(folder, 'storage'),
          '--runroot',
          join(folder, 'run'),
          'rm',
          '--all',
        ]);
      rmSync(folder, { recursive: true, force: true });
    });

    test('is under its limit', () => {
      const bytes = Number(run('du', '-sk', place.root).split('\t')[0]) * 1024;
      const program = Number(run('du', '-sk', join(place.root, 'opt/smartpresence')).split('\t')[0]) * 1024;
      console.log(`image ${(bytes / 1e6).toFixed(0)} MB unpacked, ${(program / 1e6).toFixed(0)} MB of it the server`);
      expect(bytes).toBeLessThan(450e6);
    });

    test('runs as a user of its own, in the program’s folder, with nothing in it that was left by its making', () => {
      const { config } = JSON.parse(buildah('inspect', '--type', 'image', '--format', '{{.Config}}', IMAGE)) as {
        config: { User: string; WorkingDir: string; Cmd: string[]; Env: string[] };
      };
      expect(config).toMatchObject({ User: '10001:10001', WorkingDir: '/opt/smartpresence/current/app' });
      expect(config.Env).toContain('SMARTPRESENCE_SERVER_HOME=/var/lib/smartpresence');
      expect(place.do(['test', '-x', config.Cmd[0]!]).code).toBe(0);
      expect(place.do(['test', '-e', `${config.WorkingDir}/${config.Cmd[1]}`]).code).toBe(0);
      expect(place.do(['test', '-e', '/unpacked']).code).toBe(1);
      expect(place.say('find', '/', '-xdev', '-name', 'smartpresence*.tar.gz')).toBe('');
    });

    test('its server starts, and enrols a face from a picture', async () => {
      const as = { as: '10001', env: { SMARTPRESENCE_SERVER_HOME: '/var/lib/smartpresence' } };
      expect(place.do(['smartpresence', '--version'], as).out).toContain(projectVersion());
      place.do(['smartpresence', 'server', 'init'], as);
      const server = await startInstalled(place, as);
      expect(await enrolFromPicture(server)).toMatchObject({ outcome: 'enrolled', templates: 1 });
      expectNoSources(place, server.process);
      expect(await server.stop()).toBe(0);
    });
  },
  1_200_000,
);
