import { Agent, request } from 'node:https';
import { MAX_ACK_BYTES } from '../protocol/wire/batch.ts';
import { Problem } from '../protocol/wire/problem.ts';
import type { ServerBundle } from './bundle.ts';
import type { DeviceSecret } from './identity.ts';

/** Carries sealed batches up and signed acks down. It sees ciphertext, sizes and times; it is never trusted with more. */
export interface Transport {
  /** Sends one sealed batch; the answer is a signed ack, still unverified. */
  send(sealed: string, signal: AbortSignal): Promise<string>;
  /** Asks how far the server has got with `epoch`; also tells the server that this kiosk lives. */
  marks(epoch: string, signal: AbortSignal): Promise<string>;
  close(): void;
}

/** Largest answer read, bytes: an ack, or a problem+json. */
const MAX_ANSWER_BYTES = 4 * MAX_ACK_BYTES;
/** How long a connection may stay silent, ms. */
const SILENCE_MS = 15_000;

/** HTTPS with a client certificate, TLS 1.3 alone, and no CA trusted but the server's own. */
export function httpsTransport(bundle: ServerBundle, secret: DeviceSecret): Transport {
  const agent = new Agent({
    ca: [...bundle.keys.caPem],
    cert: bundle.tlsCertPem,
    key: secret.tlsKeyPem,
    minVersion: 'TLSv1.3',
    rejectUnauthorized: true,
    keepAlive: true,
    maxSockets: 1,
  });
  const exchange = (method: 'GET' | 'POST', path: string, body: string | null, signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      const req = request(new URL(path, bundle.serverUrl), {
        agent,
        method,
        signal,
        timeout: SILENCE_MS,
        headers: body === null ? {} : { 'content-type': 'application/jose', 'content-length': Buffer.byteLength(body) },
      });
      req.on('timeout', () =>
        req.destroy(
          new Problem('server-silent', 'The server did not answer in time.', 'Check the network and the server.'),
        ),
      );
      req.on('error', (cause) => reject(asProblem(cause)));
      req.on('response', (res) => {
        const chunks: Buffer[] = [];
        let size = 0;
        res.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_ANSWER_BYTES)
            req.destroy(
              new Problem(
                'answer-too-large',
                'The server answered with more than an ack.',
                'Check that the address is the SmartPresence server.',
              ),
            );
          else chunks.push(chunk);
        });
        res.on('error', (cause) => reject(asProblem(cause)));
        res.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          if (res.statusCode === 200) resolve(text);
          else reject(refusal(res.statusCode ?? 0, text));
        });
      });
      req.end(body ?? undefined);
    });
  return {
    send: (sealed, signal) => exchange('POST', '/v1/batches', sealed, signal),
    marks: (epoch, signal) => exchange('GET', `/v1/marks/${encodeURIComponent(epoch)}`, null, signal),
    close: () => agent.destroy(),
  };
}

function asProblem(cause: Error & { code?: string }): Problem {
  if (cause instanceof Problem) return cause;
  const tls = /CERT|TLS|SSL|ALTNAME/.test(cause.code ?? '');
  return tls
    ? new Problem(
        'server-not-trusted',
        `The server could not prove who it is, or refused this kiosk (${cause.code}).`,
        'Check the address; if the server was replaced, provision the kiosk again.',
        { cause },
      )
    : new Problem(
        'server-unreachable',
        `The server can't be reached (${cause.code ?? cause.name}).`,
        'Nothing to do on the kiosk: it keeps its records and tries again.',
        { cause },
      );
}

/** The server's own problem+json, if that is what it is. Its text is untrusted: only a well-formed code is taken. */
function refusal(status: number, text: string): Problem {
  let code = `http-${status}`;
  try {
    const body: unknown = JSON.parse(text);
    const stated = (body as { code?: unknown } | null)?.code;
    if (typeof stated === 'string' && /^[a-z0-9-]{1,60}$/.test(stated)) code = stated;
  } catch {
    // Not JSON: the status says what there is to say.
  }
  return new Problem(
    code,
    `The server refused the batch (${status}, ${code}).`,
    'Look the code up in docs/protocol.md.',
  );
}
