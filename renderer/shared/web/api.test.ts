import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { endpoint, RawBody } from '../../../sync/protocol/api/endpoint.ts';
import { api, urlOf } from './api.ts';

/** Endpoints declared for this test, called as pages call the server's. */
const common = { summary: '', roles: 'anybody', data: [], action: 'read' } as const;
const readOne = endpoint('GET /api/test/people/:person/photos/:photo', {
  ...common,
  params: { person: z.string(), photo: z.string() },
  query: z.strictObject({ site: z.string().optional(), limit: z.coerce.number().optional() }),
  answer: z.strictObject({ name: z.string() }),
});
const change = endpoint('PUT /api/test/name', {
  ...common,
  action: 'write',
  body: z.strictObject({ name: z.string() }),
  answer: 'nothing',
});
const upload = endpoint('POST /api/test/files', {
  ...common,
  raw: true,
  body: RawBody,
  answer: 'nothing',
});

const asked: { url: string; init: RequestInit }[] = [];
const answering = (...answers: (() => Response)[]) =>
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    asked.push({ url, init });
    return answers[Math.min(asked.length, answers.length) - 1]!();
  });
const lost = (): Response => {
  throw new TypeError('network');
};
const done = () => new Response(null, { status: 204 });

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  asked.length = 0;
});

test('a URL is built from the declaration with encoded values, and the query leaves out empty ones', () => {
  const input = { params: { person: 'a/b', photo: 7 }, query: { site: '', limit: 20 } };
  expect(urlOf(readOne, input)).toBe('/api/test/people/a%2Fb/photos/7?limit=20');
});

test('an answer is parsed by the declaration; another shape is an error', async () => {
  const params = { person: 'p', photo: 'q' };
  answering(
    () => Response.json({ name: 'Ada' }),
    () => Response.json({ nickname: 'Ada' }),
  );
  expect(await api(readOne, { params })).toEqual({ ok: true, value: { name: 'Ada' } });
  expect(await api(readOne, { params })).toMatchObject({ ok: false, error: { code: 'answer-unreadable' } });
  expect(asked[0]!.init.method ?? 'GET').toBe('GET');
});

test('a change whose answer never arrived is sent again with the same key', async () => {
  vi.useFakeTimers();
  answering(lost, done);
  const answer = api(change, { body: { name: 'Ada' } });
  await vi.runAllTimersAsync();
  expect(await answer).toEqual({ ok: true, value: undefined });
  const [first, second] = asked.map(({ init }) => init);
  expect(first).toMatchObject({
    method: 'PUT',
    body: '{"name":"Ada"}',
    headers: { 'content-type': 'application/json' },
  });
  expect(second).toEqual(first);
  expect((first!.headers as Record<string, string>)['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
});

test('a file is sent unchanged, and not retried', async () => {
  answering(lost);
  const body = new Blob(['picture']);
  expect(await api(upload, { body })).toMatchObject({ ok: false, error: { code: 'unreachable' } });
  expect(asked).toMatchObject([{ init: { body, headers: { 'content-type': 'application/octet-stream' } } }]);
});
