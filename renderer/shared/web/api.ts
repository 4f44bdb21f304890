import { signal } from '@preact/signals';
import type { z } from 'zod';
import {
  urlOf as addressOf,
  type Endpoint,
  IDLE_HEADER,
  type Params,
  RAW_TYPE,
  type Rest,
} from '../../../sync/protocol/api/endpoint.ts';
import { ProblemBody } from '../../../sync/protocol/api/session.ts';

/**
 * The server's API for pages. Answers are parsed by their declared shape (sync/protocol/api); errors are values. A write has
 * an idempotency key and is sent again with the same key when the connection breaks, so it takes effect once.
 */

/** Why the server, or something in between, refused. Pages act on `code`; `say.ts` turns it into sentences. */
export interface ApiError {
  readonly code: string;
  /** HTTP status; 0 if there was no answer. */
  readonly status: number;
  /** The server's English text, shown if this page has no sentence of its own for the code. */
  readonly title: string;
  readonly nextStep: string;
  readonly params: Readonly<Record<string, string | number>>;
}

/** Whether a retry may succeed soon: no answer, too many requests, or a failure of the server or a proxy. */
export const willPass = ({ status }: ApiError): boolean => status === 0 || status === 429 || status >= 500;

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ApiError };

interface Given {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  readonly key?: string;
  /** The page sends the request on its own, so it doesn't count as use of the session. */
  readonly idle?: boolean;
}

/** Delays before a write without an answer is sent again, ms. */
const RETRY_MS = [500, 2000];

/** `ended`: called when the server says that no one is signed in; `used`: when it answered a signed-in user. */
export const sessionHooks = { ended: (): void => undefined, used: (): void => undefined };

/** Whether a page is waiting for its user, whose session has ended, to sign in again. Until then it reads nothing; then it reloads. */
export const away = signal(false);

/** Calls an endpoint. A change takes effect once, however often it has to be sent. */
export async function api<P extends Params, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType | 'nothing'>(
  endpoint: Endpoint<P, Q, B, A>,
  ...[input]: Rest<P, Q, B>
): Promise<Answer<A extends z.ZodType ? z.output<A> : undefined>> {
  const { method, action, raw, answer } = endpoint;
  const { body, signal, key = crypto.randomUUID(), idle = endpoint.idle } = (input ?? {}) as Given;
  const url = addressOf(endpoint.path, input as Given);
  const type = raw ? RAW_TYPE : 'application/json';
  // Some reads are POST, so that their search terms are not in a URL.
  const reads = method === 'GET' || action === 'read';
  const init: RequestInit = {
    ...(method === 'GET' ? { cache: 'no-store' } : { method }),
    ...(signal && { signal }),
    headers: {
      ...(idle && { [IDLE_HEADER]: '1' }),
      ...(!reads && { 'idempotency-key': key }),
      ...(body !== undefined && { 'content-type': type }),
    },
    ...(body !== undefined && { body: raw ? (body as Blob) : JSON.stringify(body) }),
  };
  let asked = await ask(url, init, idle);
  for (const pause of reads || raw ? [] : RETRY_MS) {
    if (!('error' in asked) || asked.error.status !== 0) break;
    await new Promise((resolve) => setTimeout(resolve, pause));
    asked = await ask(url, init, idle);
  }
  if ('error' in asked) return { ok: false, error: asked.error };
  return (answer === 'nothing' ? { ok: true, value: undefined } : parse(asked.response, answer)) as never;
}

/** Returns an endpoint's URL, for example for a picture. */
export function urlOf<P extends Params, Q extends z.ZodType>(
  endpoint: Endpoint<P, Q, z.ZodUndefined>,
  ...[input]: Rest<P, Q, z.ZodUndefined>
): string {
  return addressOf(endpoint.path, input as Given);
}

export interface Fetched {
  readonly blob: Blob;
  readonly name: string;
}

/** Fetches a file. */
export async function fetchFile<P extends Params, Q extends z.ZodType>(
  endpoint: Endpoint<P, Q, z.ZodUndefined, 'file'>,
  ...[input]: Rest<P, Q, z.ZodUndefined>
): Promise<Answer<Fetched>> {
  const asked = await ask(addressOf(endpoint.path, input as Given), { cache: 'no-store' });
  if ('error' in asked) return { ok: false, error: asked.error };
  const name = /filename="([^"]+)"/.exec(asked.response.headers.get('content-disposition') ?? '')?.[1] ?? 'export';
  try {
    return { ok: true, value: { blob: await asked.response.blob(), name } };
  } catch {
    return { ok: false, error: UNREACHABLE };
  }
}

/** Fetches a file and hands it to the browser to save. */
export async function download<P extends Params, Q extends z.ZodType>(
  ...given: Parameters<typeof fetchFile<P, Q>>
): Promise<Answer<null>> {
  const file = await fetchFile(...given);
  if (!file.ok) return file;
  save(file.value.blob, file.value.name);
  return { ok: true, value: null };
}

export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  // The browser has started the download by the next turn; a minute is generous.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
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
  // The server was updated while the page was open.
  return {
    ok: false,
    error: {
      code: 'answer-unreadable',
      status: response.status,
      title: 'The server’s answer does not have the format this page expects.',
      nextStep: 'Reload the page: it may be older than the server.',
      params: {},
    },
  };
}
