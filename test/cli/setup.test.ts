import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { generateKeys } from '../../electron/cli/keys/generate.ts';
import { readEnvironmentFile } from '../../electron/cli/server/env-file.ts';
import { readConfig } from '../../sync/server/app/config.ts';
import { withServer } from '../../sync/server/app/open.ts';
import { listAccounts } from '../../sync/server/core/accounts/accounts.ts';
import { listTexts } from '../../sync/server/core/consents/texts.ts';
import { policyOf } from '../../sync/server/core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../../sync/server/core/sites/sites.ts';
import { type Moto, motoMissing, startMoto } from '../services/moto.ts';
import { reservePorts } from '../services/ports.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../services/postgres.ts';
import { startSmtp, type TestSmtp } from '../services/smtp.ts';
import { type SpResult, sp } from './run-sp.ts';

/** `setup` as a first operator uses it: with questions step by step, or with a file of answers, on real services. */

const SP = join(import.meta.dirname, '../../electron/cli/sp.ts');
const root = mkdtempSync(join(tmpdir(), 'sp-setup-'));
afterAll(() => rmSync(root, { recursive: true }));
/** Only a guard against hanging: several processes each migrate a database. */
vi.setConfig({ testTimeout: 900_000, hookTimeout: 300_000 });

type Step = readonly [question: RegExp, answer: string | ((said: string) => string)];

/** Maximum number of questions that a test answers with the default. */
const MOST_OTHERS = 100;

/** Answers each question when it appears. Any other gets an empty line, which keeps the current value. */
async function converse(
  home: string,
  steps: readonly Step[],
): Promise<{ code: number | null; said: string; out: string }> {
  const child = spawn(process.execPath, [SP, 'setup'], { env: { ...process.env, SMARTPRESENCE_SERVER_HOME: home } });
  const left = [...steps];
  let [said, from, out] = ['', 0, ''];
  let others = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    for (;;) {
      // A question is a line without an end.
      const open = /^ {2}\S.*: $/m.exec(said.slice(from));
      if (!open || from + open.index + open[0].length !== said.length) return;
      from = said.length;
      const [question, answer] = left[0] ?? [/(?!)/, ''];
      // A question asked repeatedly is not the expected one.
      if (!question.test(open[0]) && ++others > MOST_OTHERS) child.kill();
      else if (!question.test(open[0])) child.stdin.write('\n');
      else {
        left.shift();
        child.stdin.write(`${typeof answer === 'string' ? answer : answer(said)}\n`);
      }
    }
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  expect(left, said).toEqual([]);
  return { code, said, out };
}

const endOf = (name: string, length: number) => (said: string) =>
  new RegExp(`^ {2}${name}=(\\S+)$`, 'm').exec(said)![1]!.slice(-length);
const lastOf = (name: string) => endOf(name, 6);
const answers = (name: string, values: Record<string, string>): string => {
  const path = join(root, name);
  writeFileSync(
    path,
    Object.entries(values)
      .map(([k, v]) => `${k}="${v}"\n`)
      .join(''),
  );
  return path;
};
const consentText = (name: string, ...parts: string[]): string => {
  const path = join(root, name);
  writeFileSync(path, `${parts.join('\n\n')}\n`);
  return path;
};
const setUp = (home: string, file: string): Promise<SpResult> =>
  sp(root, ['setup', '--answers', file, '--json'], { env: { SMARTPRESENCE_SERVER_HOME: home } });

test('an incomplete file of answers is refused with all missing names at once, and nothing is created', async () => {
  const home = join(root, 'nothing');
  const done = await setUp(
    home,
    answers('few', { SMARTPRESENCE_HOSTNAMES: 'localhost', SMARTPRESENCE_COLOUR: 'blue' }),
  );
  expect(done.code, done.stderr).toBe(2);
  for (const name of [
    'SMARTPRESENCE_DATABASE_URL',
    'SMARTPRESENCE_PEOPLE_CERT',
    'S3_BUCKET_NAME',
    'SMTP_URL',
    'SETUP_ADMIN',
    'SETUP_KEYS_COPY',
  ])
    expect(done.stderr).toMatch(new RegExp(`^(sp: answers-missing: )?${name} is missing`, 'm'));
  expect(done.stderr).toContain('SMARTPRESENCE_COLOUR is not one of the questions');
  expect(() => statSync(home)).toThrow('ENOENT');
});

const unavailable = postgresUnavailable() ?? motoMissing();
if (unavailable) console.log(unavailable);

describe.skipIf(unavailable !== null)('with real services', () => {
  let [postgres, moto, smtp]: [TestPostgres?, Moto?, TestSmtp?] = [];
  beforeAll(async () => {
    [postgres, moto, smtp] = await Promise.all([startPostgres(), startMoto(), startSmtp('implicit')]);
  });
  afterAll(() => Promise.all([postgres?.remove(), moto?.remove(), smtp?.close()]));

  /** The values that a set-up stored in the database itself. */
  async function stored(database: string, keys: Readonly<Record<string, string>>) {
    const config = readConfig({
      ...{ ENCRYPTION_KEY: keys.ENCRYPTION_KEY, SECRET_KEY: keys.SECRET_KEY },
      SMARTPRESENCE_DATABASE_URL: postgres!.url(database),
      SMARTPRESENCE_SERVER_HOME: join(root, 'looking'),
    });
    return withServer(config, async ({ db, keys }) => ({
      privacy: (await policyOf(db, DEFAULT_SCOPE)).privacy,
      sites: (await db.selectFrom('site').select('name').execute()).map(({ name }) => name),
      admins: (await listAccounts(db, keys)).map(({ email }) => email),
      texts: (await listTexts(db)).map(({ language, title, paragraphs, inForce }) => [
        language,
        title,
        paragraphs,
        inForce,
      ]),
    }));
  }

  test('a complete file sets up a server, and repeating it changes nothing', async () => {
    const home = join(root, 'file');
    const [people, devices] = (await reservePorts(2)) as [number, number];
    const file = answers('whole', {
      SMARTPRESENCE_DATABASE_URL: postgres!.url('setup_file'),
      SETUP_KEYS_COPY: join(root, 'copy'),
      SMARTPRESENCE_HOSTNAMES: 'localhost',
      SMARTPRESENCE_BIND: '127.0.0.1',
      SMARTPRESENCE_PEOPLE_PORT: String(people),
      SMARTPRESENCE_DEVICE_PORT: String(devices),
      SMARTPRESENCE_PEOPLE_CERT: 'own',
      SMARTPRESENCE_SITE: 'Main “entrance”',
      S3_BUCKET_NAME: 'none',
      SMTP_URL: 'none',
      SETUP_CONTROLLER: 'Example Ltd',
      SETUP_PRIVACY_CONTACT: 'privacy@example.org',
      SETUP_DPO: 'Ada Lovelace',
      SETUP_CONSENT_TEXT: consentText('consent.en.txt', 'Your face', 'We keep numbers of it.', 'Ask {contact}.'),
      SETUP_CONSENT_REVIEWED: 'yes',
      SETUP_ADMIN: 'admin@example.org',
    });
    const done = await setUp(home, file);
    expect(done.code, done.stderr).toBe(0);
    expect(done.lines()[0]).toMatchObject({
      keys: 'made',
      link: expect.stringContaining(`https://localhost:${people}/console/#enter=`),
    });
    const keys = readFileSync(join(home, 'keys.env'), 'utf8');
    expect(readFileSync(join(root, 'copy'), 'utf8')).toBe(keys);
    expect(done.stderr + done.stdout).not.toContain(/^ENCRYPTION_KEY=(.*)$/m.exec(keys)![1]);
    expect(statSync(join(home, 'server.env')).mode & 0o777).toBe(0o600);
    const again = await setUp(home, file);
    expect(again.code, again.stderr).toBe(0);
    expect(again.lines()[0]).toMatchObject({ keys: 'kept', changed: [], link: null });
    const external = {
      ...readEnvironmentFile(readFileSync(file, 'utf8')),
      SMARTPRESENCE_MQTT: 'external',
      SMARTPRESENCE_MQTT_URL: 'mqtts://broker.invalid:8883',
    };
    const brokerNext = await sp(root, ['setup', '--answers', answers('external', external)], {
      env: { SMARTPRESENCE_SERVER_HOME: home },
    });
    expect(brokerNext.stdout).toContain('server mosquitto --out FOLDER --hostname broker.invalid');
    expect(brokerNext.stderr + brokerNext.stdout).not.toContain('broker-not-connected');
    const listed = await sp(root, ['accounts', 'list', '--json'], { env: { SMARTPRESENCE_SERVER_HOME: home } });
    expect(listed.lines()).toMatchObject([{ email: 'admin@example.org', role: 'admin' }]);
    expect(listed.stderr).toBe(`sp: server ${home}, database setup_file at 127.0.0.1:${postgres!.port}\n`);

    // On another machine, as after a restore: what the database contains is not asked again, and is kept.
    const elsewhere = join(root, 'restored');
    const [key, secret] = ['ENCRYPTION_KEY', 'SECRET_KEY'].map((name) => readEnvironmentFile(keys)[name]!);
    const restored = {
      ...{ ENCRYPTION_KEY: key!, SECRET_KEY: secret! },
      SMARTPRESENCE_DATABASE_URL: postgres!.url('setup_file'),
      SMARTPRESENCE_HOSTNAMES: 'localhost',
      SMARTPRESENCE_BIND: '127.0.0.1',
      SMARTPRESENCE_PEOPLE_PORT: String(people),
      SMARTPRESENCE_DEVICE_PORT: String(devices),
      SMARTPRESENCE_PEOPLE_CERT: 'own',
      S3_BUCKET_NAME: 'none',
    };
    const few = await setUp(elsewhere, answers('few-more', restored));
    expect([few.code, few.stderr]).toEqual([2, expect.stringContaining('SMTP_URL is missing')]);
    expect(few.stderr).not.toContain('SETUP_');
    const taken = await setUp(elsewhere, answers('of-restored', { ...restored, SMTP_URL: 'none' }));
    expect(taken.code, taken.stderr).toBe(0);
    expect(taken.lines()[0]).toMatchObject({ keys: 'given', link: null });
    expect(readEnvironmentFile(readFileSync(join(elsewhere, 'server.env'), 'utf8'))).toMatchObject({
      SMARTPRESENCE_SITE: 'Main “entrance”',
    });
    expect(await stored('setup_file', { ENCRYPTION_KEY: key!, SECRET_KEY: secret! })).toEqual({
      privacy: { controller: 'Example Ltd', contact: 'privacy@example.org', dpo: 'Ada Lovelace' },
      sites: ['Main “entrance”'],
      admins: ['admin@example.org'],
      texts: [['en', 'Your face', ['We keep numbers of it.', 'Ask {contact}.'], true]],
    });
  });

  test('wrong answers are refused with a reason and asked again, and keys are shown once', async () => {
    const home = join(root, 'asked');
    const [people, devices] = (await reservePorts(2)) as [number, number];
    const url = postgres!.url('setup');
    const logs = postgres!.url('logs');
    postgres!.sql("alter database logs set log_statement = 'all'");
    const store = moto!.env('sp-setup');
    const first = await converse(home, [
      [/PostgreSQL as/, url.replace(/:[^:@/]+@/, ':wrong@')],
      [/PostgreSQL as/, logs],
      [/PostgreSQL as/, url],
      [/last 6 characters of ENCRYPTION_KEY/, 'abcdef'],
      [/last 6 characters of ENCRYPTION_KEY/, lastOf('ENCRYPTION_KEY')],
      // Someone who doesn't count the final = as part of the key has proved it too.
      [/last 6 characters of SECRET_KEY/, (said) => `${endOf('SECRET_KEY', 7)(said)}`.slice(0, 6)],
      [/Host names/, 'https://presence.example.org:8443/'],
      [/Host names/, 'localhost'],
      [/IP address/, '127.0.0.1'],
      [/console and portal \[8443\]/, String(postgres!.port)],
      // The wrong one is not offered again.
      [/console and portal \[8443\]/, String(people)],
      [/Port for kiosks/, String(devices)],
      [/your certificate/, 'own'],
      [/Its time zone/, 'Berlin'],
      [/Its time zone/, 'Europe/Berlin'],
      [/Name of the bucket/, 'sp-setup'],
      [/Its region/, store.AWS_REGION!],
      [/Address of the store/, 'https://store.invalid'],
      [/CA of its certificate/, store.S3_CA_FILE!],
      [/Access key id/, store.AWS_ACCESS_KEY_ID!],
      [/Secret access key/, store.AWS_SECRET_ACCESS_KEY!],
      // An empty line keeps all but the wrong one, including hidden values.
      [/Address of the store/, store.S3_ENDPOINT_URL!],
      [/smtps:/, 'smtps://localhost:9'],
      [/Sender/, 'presence@example.org'],
      [/CA of its certificate/, smtp!.caFile],
      [/smtps:/, `smtps://localhost:${postgres!.port}`],
      [/smtps:/, `smtps://localhost:${smtp!.port}`],
      [/Organisation/, 'Example Ltd'],
      [/How people reach it/, 'privacy@example.org'],
      [/Data protection officer/, 'none'],
      [/Text files of your own/, join(root, 'missing.en.txt')],
      [/Text files of your own/, consentText('untitled.txt', 'Dein Gesicht', 'Zahlen.')],
      [/Text files of your own/, consentText('title-alone.de.txt', 'Dein Gesicht')],
      [/Text files of your own/, consentText('consent.de.txt', 'Dein Gesicht', 'Zahlen.')],
      [/E-mail address/, 'admin@example.org'],
    ]);
    expect(first.code, first.said).toBe(0);
    for (const expected of [
      'database-denied',
      'database-logs-parameters',
      'They differ',
      'port-in-use',
      'mail-not-sent: The mail server does not answer (ECONNREFUSED',
      'mail-not-sent: The mail server can’t be used',
      'must be host names',
      's3-unreachable',
      'store.invalid',
      'Secret access key (not shown as you type) [as just typed]',
    ])
      expect(first.said).toContain(expected);
    // A hidden address is shown for checking, without its password.
    expect(first.said).toContain(url.replace(/:[^:@/]+@/, ':***@'));
    expect(first.said).not.toContain(':wrong@');
    expect(first.said).toContain('The answer must be an IANA time zone');
    for (const fault of ['can’t be read as a text file', 'must end in its language', '1 to 20 paragraphs'])
      expect(first.said).toContain(fault);
    expect(first.said).toContain('The bucket sp-setup was created.');
    const [, key] = /^ {2}ENCRYPTION_KEY=(\S+)$/m.exec(first.said)!;
    expect(first.said.split(key!)).toHaveLength(2);
    // It uses the names in the questions.
    expect(first.said).not.toMatch(/SMARTPRESENCE_PEOPLE_PORT|S3_ENDPOINT_URL|SMTP_URL/);
    expect(first.said).not.toContain('no longer valid');
    // A next step is not an error.
    expect(first.out).toMatch(/^The server is set up\./);
    expect(first.said + first.out).not.toMatch(/server-not-running|backup-missing/);
    expect(first.out).toContain('backup run');
    expect(first.out).toMatch(/^https:\/\/localhost:\d+\/console\/#enter=\S+$/m);

    const kept = ['keys.env', 'server.env'].map((name) => statSync(join(home, name), { bigint: true }).mtimeNs);
    const second = await converse(home, []);
    expect(second.code, second.said).toBe(0);
    for (const known of ['[Example Ltd]', '[admin@example.org]', '[kept]']) expect(second.said).toContain(known);
    const { texts } = await stored('setup', readEnvironmentFile(readFileSync(join(home, 'keys.env'), 'utf8')));
    // It is waiting for its review.
    expect(texts).toEqual([['de', 'Dein Gesicht', ['Zahlen.'], false]]);
    expect(second.said + second.out).not.toContain(key);
    expect(second.said).not.toContain(store.AWS_SECRET_ACCESS_KEY);
    expect(second.out).toContain('Nothing was changed.');
    expect(['keys.env', 'server.env'].map((name) => statSync(join(home, name), { bigint: true }).mtimeNs)).toEqual(
      kept,
    );

    // Aborted half-way: completed steps are kept.
    const given = await sp(root, ['setup'], {
      env: { SMARTPRESENCE_SERVER_HOME: home },
      input: `\nlocalhost,kiosks.invalid${'\n'.repeat(7)}external\nmosquitto\n\nmqtts://127.0.0.1:9\n`,
    });
    expect(given.code).not.toBe(0);
    expect(readFileSync(join(home, 'server.env'), 'utf8')).toContain('localhost,kiosks.invalid');
    expect(given.stderr).toContain('Your answers are kept.');
    expect(given.stderr).toContain('Works with database setup at 127.0.0.1:');
    expect(given.stderr).toContain('Note: kiosks.invalid has no address');
    expect(given.stderr).toContain('Note: No broker answers there yet (ECONNREFUSED 127.0.0.1:9)');

    // At the proof that the keys were copied: the database is not asked for again.
    const unproven = { env: { SMARTPRESENCE_SERVER_HOME: join(root, 'unproven') } };
    await sp(root, ['setup'], { ...unproven, input: `${postgres!.url('unproven')}\n` });
    const resumed = await sp(root, ['setup'], { ...unproven, input: '\n' });
    expect(resumed.stderr).toMatch(/PostgreSQL as .* \[the current value\]: /);
    expect(resumed.stderr).toContain('Keys from an unfinished set-up are no longer valid.');

    // A database that fails after its first answer is asked for again, like one that never answered.
    let connections = 0;
    const faltering = createServer((socket) => {
      if (++connections === 2) return void socket.destroy();
      const through = connect(postgres!.port, '127.0.0.1');
      for (const [from, to] of [
        [socket, through],
        [through, socket],
      ] as const)
        from.on('error', () => to.destroy()).pipe(to);
    });
    await once(faltering.listen(0, '127.0.0.1'), 'listening');
    const throughIt = new URL(postgres!.url('faltering'));
    throughIt.port = String((faltering.address() as AddressInfo).port);
    const asked = await sp(root, ['setup'], {
      env: { SMARTPRESENCE_SERVER_HOME: join(root, 'faltering') },
      input: `${throughIt}\n\n`,
    });
    faltering.close();
    expect(asked.stderr.match(/database-unreachable/g)).toHaveLength(1);
    expect(asked.stderr).toContain('Copy both to a safe place');

    // A server whose keys this machine doesn't have: they are requested, and no new ones are offered.
    const elsewhere = await sp(root, ['setup'], {
      env: { SMARTPRESENCE_SERVER_HOME: join(root, 'elsewhere') },
      input: `${url}\nno key\n`,
    });
    expect([elsewhere.code, elsewhere.stderr]).toEqual([
      2,
      expect.stringContaining('which only its own keys can read'),
    ]);
    expect(elsewhere.stderr).not.toContain('Copy both');
  });

  test('a command creates no server in an empty database', async () => {
    const env = { ...generateKeys(), SMARTPRESENCE_DATABASE_URL: postgres!.url('empty') };
    const { code, stderr } = await sp(root, ['accounts', 'list'], {
      env: { ...env, SMARTPRESENCE_SERVER_HOME: join(root, 'empty') },
    });
    expect([code, stderr]).toEqual([3, expect.stringContaining('There is no server in the database empty.')]);
    expect(postgres!.sql("select count(*) from pg_tables where schemaname = 'public'", 'empty')).toBe('0');
  });

  test.skipIf(!existsSync('/usr/bin/script'))('on a terminal a secret is not shown while it is typed', async () => {
    const url = postgres!.url('terminal').replace(/:[^:@/]+@/, ':not-the-password@');
    const shell = `${process.execPath} ${SP} setup`;
    const child = spawn('script', ['--quiet', '--return', '--command', shell, '/dev/null'], {
      env: { ...process.env, SMARTPRESENCE_SERVER_HOME: join(root, 'terminal') },
    });
    let shown = '';
    let asked = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
      const questions = shown.split('PostgreSQL as').length - 1;
      // The second time, the terminal's end of input is typed.
      if (questions > asked && shown.endsWith(': ')) child.stdin.write(++asked === 1 ? `${url}\r` : '\u0004');
    });
    await new Promise((resolve) => child.once('close', resolve));
    expect(shown).toContain('database-denied');
    expect(shown).toContain('no-answer');
    expect(shown).not.toContain('not-the-password');
  });
});
