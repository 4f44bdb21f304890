import { request } from 'node:https';
import { PhotoState, photoPath } from '../../protocol/wire/photos.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import { VerifiedAgent } from '../tls/agent.ts';
import { aborted, connectionProblem } from '../tls/problems.ts';
import type { TransportOptions } from '../transport/interface.ts';
import type { PhotoCarrier } from './uploader.ts';

const MAX_ANSWER_BYTES = 4096;
/** How long a connection may stay silent, ms. */
const SILENCE_MS = 15_000;

/** Photos by HTTPS, on a connection of their own: a large one must not keep check-ins waiting. */
export function photoCarrier(options: TransportOptions): PhotoCarrier {
  const agent = new VerifiedAgent(options);
  const { serverUrl } = options.bundle;

  const send = (method: 'GET' | 'PUT', path: string, body: Uint8Array | null, signal: AbortSignal) =>
    new Promise<PhotoState>((resolve, reject) => {
      const onAbort = () => {
        agent.giveUp();
        fail(aborted());
      };
      const fail = (cause: unknown) => {
        signal.removeEventListener('abort', onAbort);
        reject(connectionProblem(cause));
      };
      if (signal.aborted) return fail(aborted());
      signal.addEventListener('abort', onAbort);
      const headers = body ? { 'content-type': 'application/octet-stream', 'content-length': body.length } : {};
      const req = request(new URL(path, serverUrl), { agent, method, signal, timeout: SILENCE_MS, headers });
      req.on('timeout', () =>
        req.destroy(
          new Problem('server-silent', 'The server did not answer in time.', 'Check the network and the server.'),
        ),
      );
      req.on('error', fail);
      req.on('response', (res) => {
        const chunks: Buffer[] = [];
        let size = 0;
        res.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_ANSWER_BYTES)
            req.destroy(
              new Problem('answer-too-large', 'The server answered with more than it may.', 'Check the address.'),
            );
          else chunks.push(chunk);
        });
        res.on('error', fail);
        res.on('end', () => {
          signal.removeEventListener('abort', onAbort);
          try {
            resolve(answer(res.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')));
          } catch (cause) {
            reject(cause);
          }
        });
      });
      req.end(body ?? undefined);
    });

  return {
    state: (address, signal) => send('GET', photoPath(address), null, signal),
    put: (address, { offset, total }, piece, signal) =>
      send('PUT', `${photoPath(address)}?offset=${offset}&total=${total}`, piece, signal),
    close: () => agent.destroy(),
  };
}

/** @throws Problem with the server's own code where it gave one */
function answer(status: number, text: string): PhotoState {
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {
    // not JSON: the status says what there is to say
  }
  const state = PhotoState.safeParse(body);
  if (status === 200 && state.success) return state.data;
  const stated = (body as { code?: unknown } | null)?.code;
  const code = typeof stated === 'string' && /^[a-z0-9-]{1,60}$/.test(stated) ? stated : `http-${status}`;
  throw new Problem(
    code,
    `The server refused the photo (${status}, ${code}).`,
    'Look the code up in docs/protocol.md.',
  );
}
