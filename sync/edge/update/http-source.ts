import type { Agent as HttpAgent, IncomingMessage } from 'node:http';
import { type Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type ErrorCode, Problem } from '../../errors/problem.ts';
import { request as httpRequest } from '../http.ts';
import { VerifiedAgent } from '../tls/agent.ts';
import { jsonOrNull } from '../tls/request.ts';
import { busy } from './problems.ts';
import type { OpenedFile, UpdateSource } from './source.ts';

export interface HttpSourceOptions {
  readonly name: string;
  /** URL of the repository, e.g. `https://server:8443/updates`. Plain http is allowed on the loopback interface only. */
  readonly url: string;
  /** For the server: the `VerifiedAgent` with the kiosk's certificate. A mirror has a publicly trusted certificate. */
  readonly agent?: HttpsAgent | HttpAgent;
  /** True for the kiosk's own server, or the socket that leads to it: it states why it refuses this kiosk. */
  readonly ours?: boolean;
  /** PEM of a CA trusted instead of the public ones, for a private mirror without an agent. */
  readonly ca?: string;
}

const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/** @throws Problem `update-address-wrong` */
export function httpSource({ name, url, agent, ours = false, ca }: HttpSourceOptions): UpdateSource {
  const base = URL.parse(url.endsWith('/') ? url : `${url}/`);
  const plain = base?.protocol === 'http:' && LOOPBACK.test(base.hostname);
  const bare = base?.search === '' && base.hash === '' && base.username === '' && base.password === '';
  if (!base || !bare || !(plain || base.protocol === 'https:')) throw new Problem('update-address-wrong', { name });
  const ask = plain ? httpRequest : httpsRequest;
  const get = (path: string, from: number, signal: AbortSignal) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      if (agent instanceof VerifiedAgent) agent.dropStale();
      const request = ask(new URL(path, base), {
        method: 'GET',
        signal,
        minVersion: 'TLSv1.3',
        ...(agent && { agent }),
        ...(ca && { ca }),
        headers: { 'accept-encoding': 'identity', ...(from > 0 && { range: `bytes=${from}-` }) },
      });
      request.on('error', (cause) => reject(unreachable(name, cause)));
      request.on('response', (response) => {
        // The reader receives errors while it reads. Later errors have no reader and must not be unhandled.
        response.on('error', () => undefined);
        resolve(response);
      });
      request.end();
    });
  return {
    name,
    async open(path, { from, signal }) {
      let response = await get(path, from, signal);
      if (response.statusCode === 416) {
        response.destroy();
        response = await get(path, 0, signal);
      }
      if (ours && response.statusCode === 403) throw await turnedAway(name, response);
      return opened(name, path, from, response);
    },
  };
}

/** Returns whether our server refuses this kiosk. */
export const isTurnedAway = ({ code, params }: Problem): boolean =>
  TURNED_AWAY.some((one) => one === code) || (code === 'update-refused' && params.reason === 403);

function opened(name: string, path: string, from: number, response: IncomingMessage): OpenedFile | null {
  const { statusCode = 0, headers } = response;
  const refuse = (reason: string | number): Problem => {
    response.destroy();
    return new Problem('update-refused', { source: name, path, reason });
  };
  if (statusCode === 429) {
    response.destroy();
    throw busy(name);
  }
  // Object stores return 403 for missing files if the client may not list the bucket.
  if (statusCode === 404 || statusCode === 403) {
    response.destroy();
    return null;
  }
  // Redirects are not followed: they would lead to a host that was never configured.
  if (statusCode !== 200 && statusCode !== 206) throw refuse(String(statusCode));
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') throw refuse('compressed in transit');
  const bytes = reading(name, response);
  if (statusCode === 200) return { from: 0, total: whole(headers['content-length']), bytes };
  const [, begin, total] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(headers['content-range'] ?? '') ?? [];
  if (begin === undefined || Number(begin) !== from) throw refuse('a different part from the one requested');
  return { from, total: whole(total), bytes };
}

/** Maximum bytes of a rejection that are read. */
const MAX_ERROR_BYTES = 4096;
/** Codes with which the server refuses to serve a kiosk. For any other code, only the HTTP status is reported. */
const TURNED_AWAY = ['device-revoked', 'device-not-approved', 'unknown-device'] as const satisfies ErrorCode[];

/** Returns why the server refuses this kiosk. Trusted, because the connection is to our own server or this machine. */
async function turnedAway(name: string, response: IncomingMessage): Promise<Problem> {
  const code = await errorCode(name, response);
  const known = TURNED_AWAY.find((one) => one === code);
  return known ? new Problem(known) : new Problem('update-refused', { source: name, path: 'every build', reason: 403 });
}

async function errorCode(name: string, response: IncomingMessage): Promise<string | null> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of reading(name, response)) {
    length += piece.length;
    if (length > MAX_ERROR_BYTES) {
      response.destroy();
      return null;
    }
    pieces.push(piece);
  }
  // A body that isn't our server's problem+json came from a proxy in between.
  const { code } = (jsonOrNull(Buffer.concat(pieces).toString('utf8')) ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : null;
}

async function* reading(name: string, response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    yield* response as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw unreachable(name, cause);
  }
}

function whole(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function unreachable(name: string, cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  const { code, name: kind, cause: inner } = cause as NodeJS.ErrnoException;
  // The Problem that aborted the reading or rejected the certificate says more than the socket's error.
  if (inner instanceof Problem) return inner;
  return new Problem('update-unreachable', { source: name, reason: code ?? kind, cause });
}
