import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectVersion } from '../../build/package/files.ts';
import { cantRun } from '../kiosk-image/machine.ts';
import { motoMissing, startMoto } from '../services/moto.ts';
import { nextServer, serverArtefact } from './artefact.ts';
import { stepsOf, TASKS } from './pages.ts';
import { type Place, placeAt } from './place.ts';
import { type Engine, startEngine } from './podman.ts';
import { enrolFromPicture, startInstalled } from './server.ts';
import { expectNoSources } from './sources.ts';

/*
 * The container image and the composition, made and run with the commands of the operators' pages: really built, its root
 * entered, and run by podman beside PostgreSQL and Mosquitto. Only the base images differ: test/installed/podman.ts.
 */

const impossible =
  cantRun('debootstrap', 'unshare', 'chroot', 'podman', 'podman-compose', 'runc', 'tar') ?? motoMissing();
if (impossible) console.log(impossible);
const NEXT = '0.1.1';
const HOST = 'presence.example.org';
const IMAGE = 'localhost/smartpresence-server';

describe.skipIf(impossible !== null)(
  'in containers',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'sp-container-'));
    const home = join(folder, 'home');
    const composeIn = (at: string) => join(at, `smartpresence-server-${projectVersion()}/compose`);
    const compose = composeIn(home);
    let engine: Engine;
    let place: Place;

    /** The blocks of the pages for containers, in order. */
    const blocks = TASKS.flatMap(stepsOf).filter(({ mark }) => mark === 'in containers');
    /** Types a block as written, with a reader's values in place of the page's examples. */
    const type = (at: string, note: string, more = ''): string => {
      const { commands } = blocks.find((block) => block.note === note)!;
      const yours = `VERSION=${projectVersion()}; NEXT=${NEXT}; HOST=${HOST}; ADMIN=ada@example.org; ${more}`;
      // There is no backup here, which an update expects.
      const typed = commands.replaceAll('/root/', `${folder}/`).replace(/ upgrade check .*/, '$& || [ $? = 1 ]');
      return engine.type(at, `${yours}\n${typed}`);
    };
    const inServer = (...command: string[]): string =>
      engine.podman('exec', 'smartpresence_server_1', 'smartpresence', ...command);
    const until = async (...command: string[]): Promise<void> => {
      for (const end = Date.now() + 300_000; ; )
        try {
          return void inServer(...command);
        } catch (cause) {
          if (Date.now() > end) throw cause;
          await new Promise((resolve) => setTimeout(resolve, 2_000));
        }
    };
    const untilWell = () => until('doctor');
    const answers = (): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port: 8443, servername: HOST, headers: { host: HOST } };
        const asked = request({ ...options, path: '/api/openapi.json', rejectUnauthorized: false }, (answer) => {
          resolve(answer.statusCode);
          answer.resume();
        });
        asked.on('error', reject).end();
      });

    beforeAll(() => {
      mkdirSync(home);
      engine = startEngine(folder);
      for (const { archive } of [serverArtefact(), nextServer(NEXT)]) cpSync(archive, join(home, basename(archive)));
    }, 3_600_000);
    afterAll(() => {
      engine?.remove();
      rmSync(folder, { recursive: true, force: true });
    }, 600_000);

    test('on the first day the image is built, and the composition serves with its broker', async () => {
      type(home, 'first-day');
      await untilWell();
      expect(await answers()).toBe(200);
      expect(inServer('accounts', 'list')).toContain('ada@example.org');
      place = placeAt(engine.podman('mount', engine.podman('create', IMAGE)));
    });

    test('is under its limit', () => {
      const size = (path: string) =>
        Number(execFileSync('du', ['-sk', path], { encoding: 'utf8' }).split('\t')[0]) * 1024;
      const bytes = size(place.root);
      const program = size(join(place.root, 'opt/smartpresence'));
      console.log(`image ${(bytes / 1e6).toFixed(0)} MB unpacked, ${(program / 1e6).toFixed(0)} MB of it the server`);
      expect(bytes).toBeLessThan(450e6);
    });

    test('runs as its own user in the program’s folder, without leftovers of the build', () => {
      const config = JSON.parse(engine.podman('image', 'inspect', '--format', '{{json .Config}}', IMAGE)) as {
        User: string;
        WorkingDir: string;
        Cmd: string[];
        Env: string[];
      };
      expect(config).toMatchObject({ User: '10001:10001', WorkingDir: '/opt/smartpresence/current/app' });
      expect(config.Env).toContain('SMARTPRESENCE_SERVER_HOME=/var/lib/smartpresence');
      expect(place.do(['test', '-x', config.Cmd[0]!]).code).toBe(0);
      expect(place.do(['test', '-e', `${config.WorkingDir}/${config.Cmd[1]}`]).code).toBe(0);
      expect(place.do(['test', '-e', '/unpacked']).code).toBe(1);
      expect(place.say('find', '/', '-xdev', '-name', 'smartpresence*.tar.gz')).toBe('');
    });

    test('its server enrols a face from a picture, and can’t reach the sources', async () => {
      const as = { as: '10001', env: { SMARTPRESENCE_SERVER_HOME: '/var/lib/smartpresence' } };
      expect(place.do(['smartpresence', '--version'], as).out).toContain(projectVersion());
      place.do(['smartpresence', 'server', 'init'], as);
      const server = await startInstalled(place, as);
      expect(await enrolFromPicture(server)).toMatchObject({ outcome: 'enrolled', templates: 1 });
      expectNoSources(place, server.process);
      expect(await server.stop()).toBe(0);
    });

    test('the composition accepts new keys', async () => {
      type(compose, 'new-keys');
      await untilWell();
      expect(inServer('keys', 'rotate')).toBeTruthy();
      expect(inServer('accounts', 'list')).toContain('ada@example.org');
    });

    test('is updated with a schema migration, and goes back', async () => {
      type(home, 'update');
      await untilWell();
      expect(inServer('--version')).toContain(NEXT);
      type(compose, 'back');
      await untilWell();
      expect(inServer('--version')).toContain(projectVersion());
      expect(inServer('accounts', 'list')).toContain('ada@example.org');
    });

    test('is restored on a new machine from its backup and the copied keys', async () => {
      const store = await startMoto('host.containers.internal');
      /** Prepares a machine with the archive. */
      const machine = (name: string): string => {
        const at = join(folder, name);
        mkdirSync(at);
        cpSync(serverArtefact().archive, join(at, basename(serverArtefact().archive)));
        return at;
      };
      try {
        // A database changed by a later build can be restored only by that build, so this starts with a new one.
        engine.type(compose, 'podman compose down --volumes');
        const one = machine('one');
        type(one, 'first-day');
        const first = composeIn(one);
        const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, ...settings } = store.env('presence');
        const secrets = join(first, 'secrets/server');
        writeFileSync(join(secrets, 'AWS_ACCESS_KEY_ID'), AWS_ACCESS_KEY_ID!, { mode: 0o444 });
        writeFileSync(join(secrets, 'AWS_SECRET_ACCESS_KEY'), AWS_SECRET_ACCESS_KEY!, { mode: 0o444 });
        cpSync(store.caFile, join(folder, 's3-ca.pem'));
        writeFileSync(join(secrets, 's3-ca.pem'), readFileSync(store.caFile), { mode: 0o444 });
        const lines = Object.entries({ ...settings, S3_CA_FILE: '/secrets/s3-ca.pem' });
        appendFileSync(join(first, 'settings.env'), lines.map(([name, value]) => `${name}=${value}\n`).join(''));
        engine.type(first, 'podman compose down; podman compose up -d');
        await until('backup', 'setup');
        inServer('backup', 'run');
        const keys = ['ENCRYPTION_KEY', 'SECRET_KEY'].map(
          (name) => `${name}=${readFileSync(join(secrets, name), 'utf8')}\n`,
        );
        writeFileSync(join(folder, 'keys'), keys.join(''));
        engine.type(first, 'podman compose down --volumes');
        const other = machine('other');
        engine.type(other, `tar -xf ${serverArtefact().archive}`);
        const yours = {
          KEYS: join(folder, 'keys'),
          BUCKET: settings.S3_BUCKET_NAME,
          S3: settings.S3_ENDPOINT_URL,
          S3_CA: join(folder, 's3-ca.pem'),
          REGION: settings.AWS_REGION,
          S3_KEY_ID: AWS_ACCESS_KEY_ID,
          S3_SECRET: AWS_SECRET_ACCESS_KEY,
        };
        const assigned = Object.entries(yours).map(([name, value]) => `${name}='${value}'`);
        type(composeIn(other), 'restore', assigned.join('; '));
        await until('accounts', 'list');
        expect(inServer('accounts', 'list')).toContain('ada@example.org');
      } finally {
        await store.remove();
      }
    });
  },
  1_200_000,
);
