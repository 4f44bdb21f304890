import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { initServer } from '../../sync/server/app/local.ts';
import { call, tokenOf } from '../kit/client.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { registeredKiosk, sync } from '../kit/kiosk.ts';
import { newServerProcess, type ServerProcess } from '../kit/server-process.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../services/postgres.ts';

/** A server process at its highest log level, through everything that goes wrong; then its log and its database's. */

const unavailable = postgresUnavailable();
if (unavailable) console.log(unavailable);

const PERSON = {
  name: 'Zyxwvut Qponmlk',
  email: 'zyxwvut@qponmlk.example',
  phone: '+49 30 77120345',
  number: '77120345',
};
const PLACE = '52.520008,13.404954';
const PASSWORD = `pass-${randomBytes(9).toString('hex')}`;

describe.skipIf(unavailable)('the log of a server', () => {
  const home = temporaryFolder();
  let postgres: TestPostgres;
  let server: ServerProcess | null = null;
  beforeAll(async () => {
    postgres = await startPostgres({ settings: ['log_min_messages = info', 'log_error_verbosity = verbose'] });
  });
  afterAll(async () => {
    await server?.stop('SIGKILL');
    await postgres?.remove();
    home.remove();
  });

  test('names nobody and contains no key, token, password or position, whatever goes wrong', async () => {
    const env = {
      ...initServer(home.path),
      SMARTPRESENCE_DATABASE_URL: postgres.url('logs'),
      SMARTPRESENCE_PEOPLE_PORT: '0',
      SMARTPRESENCE_DEVICE_PORT: '0',
      SMARTPRESENCE_OPERATIONS_PORT: '0',
      SMARTPRESENCE_LOG_LEVEL: 'debug',
    };
    server = await newServerProcess(env);
    const { peopleUrl, deviceUrl, adminLink } = server;
    const token = tokenOf(adminLink);
    let cookie = '';
    const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
      const answer = await call(peopleUrl + path, {
        method,
        headers: { origin: peopleUrl, cookie, 'content-type': 'application/json', ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const set = String(answer.headers['set-cookie'] ?? '');
      if (set) cookie = set.split(';')[0]!;
      return answer;
    };

    // A person's values in every part of a request, to addresses that accept them and to ones that don't.
    expect((await ask('POST', '/api/session', { token })).status).toBe(200);
    const session = cookie.split('=')[1]!;
    const made = await ask('POST', '/api/people', { ...PERSON, language: 'en' });
    expect(made.status).toBeLessThan(500);
    for (const value of [...Object.values(PERSON), PLACE, PASSWORD, session]) {
      const text = encodeURIComponent(value);
      await ask('GET', `/api/people?q=${text}`);
      await ask('GET', `/api/people/${text}`);
      await ask('GET', `/api/${text}?${text}=${text}`);
      await ask('POST', '/api/people', { [value]: value });
      await ask('POST', '/api/people', `{"name":"${value}"`);
      await ask('POST', '/api/sign-in', { email: PERSON.email, password: PASSWORD, code: value });
      await ask('POST', '/api/session', { token: value });
      await ask('GET', '/api/session', undefined, { 'user-agent': value, referer: value, 'x-forwarded-for': value });
    }
    // A kiosk that sends something unacceptable.
    const { port } = new URL(deviceUrl);
    const kiosk = await registeredKiosk({ ...env, SMARTPRESENCE_DEVICE_PORT: port }, PERSON.name);
    const { box } = kiosk;
    box.checkin(box.person(PERSON.name));
    box.append('person', { change: 'added' }, { person: PERSON.name, name: PLACE, number: PERSON.number } as never);
    box.append('checkin', { direction: PERSON.email } as never, { person: PLACE, gps: PLACE } as never);
    expect((await sync(kiosk)).queued).toBe(0);
    // The database goes down in the middle of it.
    await postgres.stop();
    const failed = await ask('POST', '/api/people', { ...PERSON, language: 'en' });
    expect(failed.status).toBe(500);
    await postgres.start();
    const theirs = readFileSync(join(postgres.socketFolder, 'log'), 'utf8');
    // A database error that repeats the values of a row in message, detail and hint.
    const texts = [PERSON.name, PERSON.email, PLACE].map((text) => `'x "${text}" ${text}'`);
    postgres.sql(
      `create function boom() returns trigger language plpgsql as $$ begin
         raise exception using message = ${texts[0]}, detail = ${texts[1]}, hint = ${texts[2]}; end $$;
       create trigger boom before insert on person for each row execute function boom()`,
      'logs',
    );
    expect((await ask('POST', '/api/people', { ...PERSON, language: 'en' })).status).toBe(500);

    await server.stop();
    const { code, log } = await server.ended;
    expect(code).toBe(0);
    // The search works: both logs contain what happened.
    for (const notified of ['events stored', 'events quarantined', 'request failed', 'bad-request', 'P0001'])
      expect(log).toContain(notified);
    expect(theirs).toMatch(/shut down/);
    const secrets = [
      ...Object.values(PERSON),
      ...PERSON.name.split(' '),
      ...PLACE.split(','),
      PASSWORD,
      token,
      session,
      ...['ENCRYPTION_KEY', 'SECRET_KEY'].flatMap((name) => {
        const key = Buffer.from((env as Record<string, string>)[name]!, 'base64');
        return [key.toString('base64'), key.toString('base64url'), key.toString('hex')];
      }),
      new URL(postgres.url('logs')).password,
    ];
    for (const text of [log, theirs])
      for (const one of secrets) {
        const at = text.indexOf(one);
        expect(at === -1 ? '' : text.slice(Math.max(0, at - 300), at + 100), one).toBe('');
      }
    expect(log, 'a field that nobody declared (sync/server/platform/logs/fields.ts)').not.toContain('[withheld]');
  });
});
