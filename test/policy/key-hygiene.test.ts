import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, test } from 'vitest';
import { takeEnvironment, withoutDumps } from '../../sync/server/platform/keys/hygiene.ts';
import { serverHome } from '../kit/folder.ts';

const MAIN = join(import.meta.dirname, '../../sync/server/main.ts');
const SP = join(import.meta.dirname, '../../electron/cli/sp.ts');
const keys = Object.fromEntries(['ENCRYPTION_KEY', 'SECRET_KEY'].map((name) => [name, randomBytes(32)])) as Record<
  string,
  Buffer
>;
/** Every encoding in which a key may be written. */
const forms = Object.values(keys).flatMap((key) => [
  key.toString('base64').replace(/=+$/, ''),
  key.toString('base64url'),
  key.toString('hex'),
  key.toString('hex').toUpperCase(),
]);
const found = (text: string) => forms.filter((form) => text.includes(form));
const rawFound = (bytes: Buffer) => Object.values(keys).filter((key) => bytes.includes(key)).length;

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
}

const home = await serverHome();

describe('keys of the environment', () => {
  afterAll(() => home.remove());

  test('stay inside the server process: they reach no child, report, log, error or file', async () => {
    const seen = join(home.path, 'seen');
    const hook = join(home.path, 'hook.mjs');
    // What anything inside the process could print: its environment as passed to a child, and Node's own report.
    writeFileSync(
      hook,
      `import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
process.on('SIGUSR2', () => {
  const env = execFileSync('env', { encoding: 'utf8' });
  writeFileSync(${JSON.stringify(seen)}, env + JSON.stringify(process.report.getReport()) + JSON.stringify(process.env));
  setTimeout(() => { throw new Error('planted: ' + JSON.stringify(process.env)); }, 200);
});
`,
    );
    const child = spawn(process.execPath, ['--import', hook, MAIN], {
      env: {
        PATH: process.env.PATH,
        SMARTPRESENCE_SERVER_HOME: home.path,
        SMARTPRESENCE_PEOPLE_PORT: '0',
        SMARTPRESENCE_DEVICE_PORT: '0',
        SMARTPRESENCE_LOG_LEVEL: 'debug',
        ENCRYPTION_KEY: keys.ENCRYPTION_KEY!.toString('base64'),
        SECRET_KEY: keys.SECRET_KEY!.toString('hex'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout.on('data', (d) => (said += d));
    child.stderr.on('data', (d) => (said += d));
    // With all of its output.
    const ended = once(child, 'close');
    await Promise.race([
      once(createInterface({ input: child.stdout }), 'line'),
      ended.then(() => Promise.reject(new Error(said))),
    ]);
    const limits = readFileSync(`/proc/${child.pid}/limits`, 'utf8');
    expect(limits).toMatch(/^Max core file size +[01] /m);
    child.kill('SIGUSR2');
    const [code] = await ended;
    expect(code, 'the planted error ended it').toBe(70);
    const text = readFileSync(seen, 'utf8');
    expect(text).toContain('SMARTPRESENCE_SERVER_HOME');
    expect(found(text)).toEqual([]);
    expect(said).toContain('internal-error');
    expect(found(said)).toEqual([]);
    const files = filesUnder(home.path);
    expect(files.length).toBeGreaterThan(100);
    for (const path of files) {
      const bytes = readFileSync(path);
      expect([path, rawFound(bytes), found(bytes.toString('latin1'))]).toEqual([path, 0, []]);
    }
  }, 180_000);

  test('stay inside an operator’s command as well, and its memory is never dumped', async () => {
    const seen = join(home.path, 'seen-by-command');
    const hook = join(home.path, 'command-hook.mjs');
    writeFileSync(
      hook,
      `import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
process.on('exit', () => {
  const env = execFileSync('env', { encoding: 'utf8' });
  const limits = readFileSync('/proc/self/limits', 'utf8');
  writeFileSync(${JSON.stringify(seen)}, env + limits + JSON.stringify(process.report.getReport()));
});
`,
    );
    const child = spawn(process.execPath, ['--import', hook, SP, 'keys', 'status', '--json'], {
      env: {
        PATH: process.env.PATH,
        SMARTPRESENCE_SERVER_HOME: home.path,
        ENCRYPTION_KEY: keys.ENCRYPTION_KEY!.toString('base64'),
        SECRET_KEY: keys.SECRET_KEY!.toString('hex'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout.on('data', (d) => (said += d));
    child.stderr.on('data', (d) => (said += d));
    const [code] = await once(child, 'close');
    expect(code, said).toBe(0);
    const text = readFileSync(seen, 'utf8');
    expect(text).toMatch(/^Max core file size +[01] /m);
    expect(text).toContain('SMARTPRESENCE_SERVER_HOME');
    expect([found(text), found(said)]).toEqual([[], []]);
  }, 60_000);

  test.each([
    ['too short', randomBytes(16).toString('base64')],
    ['one pattern repeated', 'abcd'.repeat(16)],
    ['typed text', Buffer.from('correct horse battery staple 123').toString('base64')],
    ['not base64', '!'.repeat(44)],
  ])('are refused at start if they are %s, without being repeated', async (_what, bad) => {
    const child = spawn(process.execPath, [MAIN], {
      env: {
        PATH: process.env.PATH,
        SMARTPRESENCE_SERVER_HOME: home.path,
        ENCRYPTION_KEY: bad,
        SECRET_KEY: keys.SECRET_KEY!.toString('hex'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout.on('data', (d) => (said += d));
    child.stderr.on('data', (d) => (said += d));
    const [code] = await once(child, 'exit');
    expect(code).toBe(2);
    expect(said).toMatch(/^bad-configuration: ENCRYPTION_KEY /);
    expect(said.includes(bad)).toBe(false);
    expect(found(said)).toEqual([]);
  });

  test('are removed from the environment, and nothing else is', () => {
    const env = {
      ENCRYPTION_KEY: 'a',
      SECRET_KEY_PREVIOUS: 'b',
      PATH: '/bin',
      SMARTPRESENCE_DATABASE_URL: 'postgres://u:p@h/d',
    };
    expect(takeEnvironment(env)).toEqual({
      ENCRYPTION_KEY: 'a',
      SECRET_KEY_PREVIOUS: 'b',
      PATH: '/bin',
      SMARTPRESENCE_DATABASE_URL: 'postgres://u:p@h/d',
    });
    expect(env).toEqual({ PATH: '/bin' });
  });

  test('core dumps are prevented, reported where they can’t be, and refused where requested', () => {
    const limits = (soft: string) => `Limit  Soft\nMax core file size        ${soft}     unlimited   bytes\n`;
    const asked: number[] = [];
    const around = (soft: string, can: boolean, switches: string[] = []) => ({
      limits: limits(soft),
      switches,
      limitCore: (bytes: number) => {
        asked.push(bytes);
        return can;
      },
    });
    expect(withoutDumps(around('0', false))).toBeNull();
    expect(asked).toEqual([]);
    expect(withoutDumps(around('unlimited', true))).toBeNull();
    expect(asked).toEqual([1]);
    expect(withoutDumps(around('unlimited', false))).toMatchObject({ code: 'core-dumps-possible' });
    expect(() => withoutDumps(around('0', true, ['--abort-on-uncaught-exception']))).toThrowError(
      expect.objectContaining({ code: 'core-dumps-asked-for' }),
    );
  });
});
