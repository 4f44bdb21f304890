import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import { createLogger } from './logger.ts';
import { scrub } from './scrub.ts';

function lines(write: (log: ReturnType<typeof createLogger>) => void): string {
  let text = '';
  write(
    createLogger('debug', {
      write: (line: string) => {
        text += line;
      },
    }),
  );
  return text;
}
const caught = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('did not throw');
};

const NAME = 'Zyxwvut Qponmlk';
const EMAIL = 'zyxwvut@qponmlk.example';
const PLACE = '52.520008, 13.404954';
const PHONE = '+49 30 901820';
const TOKEN = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA';
const SECRETS = ['Zyxwvut', 'Qponmlk', EMAIL, '52.520008', '13.404954', '901820', TOKEN];

describe('a log line', () => {
  test('contains nothing that an error was given: no value, name, address, position, key or token', () => {
    const database = Object.assign(new Error(`invalid input syntax for type uuid: "${NAME}"`), {
      code: '22P02',
      detail: `Key (email)=(${EMAIL}) already exists.`,
      where: `unnamed portal parameter $1 = '${NAME}'`,
      hint: NAME,
      routine: 'string_to_uuid',
      table: 'person',
    });
    const errors: unknown[] = [
      caught(() => JSON.parse(`${NAME} ${TOKEN}`)),
      caught(() => z.strictObject({}).parse({ [NAME]: EMAIL })),
      caught(() => new URL(`https://${NAME}`)),
      caught(() => Buffer.alloc(NAME as unknown as number)),
      database,
      new Error(`no such person: ${NAME}`, { cause: database }),
      new AggregateError([new Error(NAME), database], NAME),
      Problem.from(
        {
          code: 'not-found',
          message: `There is nobody with ${EMAIL} at ${PLACE}, ${PHONE}.`,
          nextStep: NAME,
          params: { name: NAME },
        },
        database,
      ),
      { name: NAME },
      NAME,
    ];
    const text = lines((log) => {
      for (const err of errors) {
        log.error({ code: 'failed', err }, `failed for ${EMAIL} at ${PLACE}, ${PHONE}, ${TOKEN}`);
        if (typeof err === 'object') log.error(err);
      }
    });
    for (const secret of SECRETS) expect(text).not.toContain(secret);
    // Whatever helps to find the fault is kept.
    for (const kept of ['22P02', 'string_to_uuid', 'logs.test.ts', 'SyntaxError', 'ZodError', 'not-found'])
      expect(text).toContain(kept);
  });

  test('withholds an undeclared field, and a declared field with another shape', () => {
    const text = lines((log) => {
      log.info({ person: NAME, code: NAME, device: EMAIL, reasons: [NAME], report: { removed: 3, who: NAME } }, 'x');
      log.info({ report: { at: PLACE, token: TOKEN } }, 'x');
      log.info({ people: `https://host/console/#enter=${TOKEN}` }, 'x');
    });
    for (const secret of SECRETS) expect(text).not.toContain(secret);
    expect(text.match(/\[withheld\]/g)).toHaveLength(7);
  });

  test('contains unchanged what operators need', () => {
    const fields = {
      code: 'job-failed',
      device: '01890a5d-ac96-774b-bcce-b302099a8057',
      route: 'GET /api/people/:person',
      people: 'https://server.example:8443',
      report: { removed: 3, before: '2026-11-24T22:00:00.000Z', parts: [{ kind: 'gps', rows: 0 }] },
      reasons: { 'event-malformed': 2 },
      ms: 12,
    };
    const line = JSON.parse(lines((log) => log.warn(fields, 'a job failed; it will be retried')));
    expect(line).toMatchObject({ ...fields, level: 40, msg: 'a job failed; it will be retried' });
    const failed = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), {
      code: 'ECONNREFUSED',
      syscall: 'connect',
    });
    expect(lines((log) => log.error({ err: failed }, 'x'))).toContain('connect ECONNREFUSED 10.0.0.1:5432');
  });
});

test('a message keeps its text, paths and names of variables', () => {
  const message = "Can't read /var/lib/smartpresence/keys/server.pem (ENOENT): set SMARTPRESENCE_PEOPLE_CERT.";
  expect(scrub(message, { quotes: false })).toBe(message);
});
