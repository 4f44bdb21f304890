import type { z } from 'zod';
import { ProblemBody } from '../../../sync/protocol/api/session.ts';

/**
 * The server's API as pages speak it. Every answer is parsed by its shape (sync/protocol/api); errors are values.
 * A write carries an idempotency key of its own and is sent again under the same key when the line breaks, so it is done once.
 */

/** Why the server, or the way to it, refused. `code` is what pages act on; `say.ts` makes sentences of it. */
export interface ApiError {
  readonly code: string;
  /** HTTP status; 0: no answer at all. */
  readonly status: number;
  /** English, of the server: shown where this page has no sentence of its own for the code. */
  readonly title: string;
  readonly nextStep: string;
  readonly params: Readonly<Record<string, string | number>>;
}

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ApiError };

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Write<T extends z.ZodType> {
  readonly body?: unknown;
  /** Shape of the answer; absent: there is none (204). */
  readonly answer?: T;
  readonly query?: Query;
  /** Under which the write is done at most once. Absent: a new one. */
  readonly key?: string;
}

/** Pauses before a write is sent again whose answer never came, ms. */
const RETRY_MS = [500, 2000];

/** Called whenever the server says that nobody is signed in here, and whenever it answered someone who is. */
export const sessionHooks = { ended: (): void => undefined, used: (): void => undefined };

/** Reads. @param shape of the answer; @param o `idle`: no use of the session, e.g. a number that is looked at by itself */
export async function get<T extends z.ZodType>(
  path: string,
  shape: T,
  { query, signal, idle = false }: { query?: Query; signal?: AbortSignal; idle?: boolean } = {},
): Promise<Answer<z.output<T>>> {
  const answer = await ask(path + queryText(query), { cache: 'no-store', ...(signal && { signal }) }, idle);
  return 'error' in answer ? { ok: false, error: answer.error } : parse(answer.response, shape);
}

/** Changes something, once. @returns the parsed answer; undefined where the route answers nothing */
export async function send<T extends z.ZodType = z.ZodUndefined>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  { body, answer, query, key = crypto.randomUUID() }: Write<T> = {},
): Promise<Answer<z.output<T>>> {
  const init: RequestInit = {
    method,
    headers: { 'idempotency-key': key, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
  let asked = await ask(path + queryText(query), init);
  for (const pause of RETRY_MS) {
    if (!('error' in asked) || asked.error.status !== 0) break;
    await new Promise((resolve) => setTimeout(resolve, pause));
    asked = await ask(path + queryText(query), init);
  }
  if ('error' in asked) return { ok: false, error: asked.error };
  return answer ? parse(asked.response, answer) : { ok: true, value: undefined as z.output<T> };
}

/** Sends a file as it is, once. @param answer shape of the answer */
export async function sendFile<T extends z.ZodType>(
  path: string,
  file: Blob,
  { query, answer }: { query?: Query; answer: T },
): Promise<Answer<z.output<T>>> {
  const headers = { 'idempotency-key': crypto.randomUUID(), 'content-type': 'application/octet-stream' };
  const asked = await ask(path + queryText(query), { method: 'POST', headers, body: file });
  return 'error' in asked ? { ok: false, error: asked.error } : parse(asked.response, answer);
}

/** Fetches a file and hands it to the browser to save. @returns null, or why not */
export async function download(path: string, query: Query): Promise<ApiError | null> {
  const asked = await ask(path + queryText(query), { cache: 'no-store' });
  if ('error' in asked) return asked.error;
  const name = /filename="([^"]+)"/.exec(asked.response.headers.get('content-disposition') ?? '')?.[1] ?? 'export';
  let blob: Blob;
  try {
    blob = await asked.response.blob();
  } catch {
    return UNREACHABLE;
  }
  const url = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  // The browser has taken it over by the next turn; a minute is generous.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return null;
}

export const UNREACHABLE: ApiError = {
  code: 'unreachable',
  status: 0,
  title: 'The server can’t be reached.',
  nextStep: 'Try again in a moment.',
  params: {},
};

async function ask(
  url: string,
  init: RequestInit,
  idle = false,
): Promise<{ response: Response } | { error: ApiError }> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch {
    return { error: UNREACHABLE };
  }
  if (response.ok) {
    if (!idle) sessionHooks.used();
    return { response };
  }
  const body = ProblemBody.safeParse(await response.json().catch(() => null)).data;
  const error: ApiError = {
    code: body?.code ?? 'internal-error',
    status: response.status,
    title: body?.title ?? 'The server failed.',
    nextStep: body?.nextStep ?? 'Its log says why.',
    params: body?.params ?? {},
  };
  if (error.code === 'no-session' || error.code === 'second-factor-missing') sessionHooks.ended();
  return { error };
}

async function parse<T extends z.ZodType>(response: Response, shape: T): Promise<Answer<z.output<T>>> {
  const parsed = shape.safeParse(await response.json().catch(() => undefined));
  if (parsed.success) return { ok: true, value: parsed.data };
  // A server that was updated under an open page.
  return {
    ok: false,
    error: {
      code: 'answer-unreadable',
      status: response.status,
      title: 'The server’s answer has a shape that this page does not know.',
      nextStep: 'Reload the page: it may be older than the server.',
      params: {},
    },
  };
}

/** `?a=1&b=2`; what is absent, null or empty is left out. */
function queryText(query: Query = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === null || value === '' ? [] : [[name, String(value)]],
  );
  return given.length > 0 ? `?${new URLSearchParams(given).toString()}` : '';
}

/** A page of a list, as `pageOf` makes it. */
export type PageShape<T> = z.ZodType<{ items: T[]; next: string | null }>;
