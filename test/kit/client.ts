import { randomUUID } from 'node:crypto';
import { request } from 'node:https';
import type { DeviceSecret } from '../../sync/edge/identity.ts';
import { sealAsk } from '../../sync/protocol/seal/ask.ts';
import { keyId } from '../../sync/protocol/seal/keys.ts';
import type { ServerBundle } from '../../sync/protocol/wire/provisioning.ts';

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  json: () => { code?: string } & Record<string, unknown>;
}
/** One HTTPS request on a connection of its own; the certificate is not checked, since the server makes its own. */
export function call(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string; tls?: object } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request(
      url,
      {
        method: options.method ?? 'GET',
        headers: options.headers,
        rejectUnauthorized: false,
        ...options.tls,
        agent: false,
      },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (c: Buffer) => chunks.push(c));
        res.on('error', reject);
        res.on('end', () => {
          const body = Buffer.concat(chunks).toString();
          resolve({ status: res.statusCode!, headers: res.headers, body, json: () => JSON.parse(body) });
        });
      },
    );
    req.on('error', reject);
    req.end(options.body);
  });
}

/** The token out of an admin link. */
export const tokenOf = (link: string) => new URLSearchParams(new URL(link).hash.slice(1)).get('enter')!;

/** The code with which an attempt failed; `ANSWERED` when it did not. */
export const codeOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'ANSWERED',
    (e: { code?: string }) => e.code ?? String(e),
  );

/** Asks for changes as this device would, over the devices listener at `url`. */
export async function askFor(
  url: string,
  { bundle, secret, tls }: { bundle: ServerBundle; secret: DeviceSecret; tls: object },
): Promise<Answer> {
  const trusts = await Promise.all(bundle.keys.signing.map((key) => keyId(key)));
  const body = await sealAsk(
    { what: 'changes', epoch: randomUUID(), cursor: '', limit: 200, trusts, presenceAfter: null },
    { device: secret.device, signing: secret.signing, server: bundle.keys.sealing, serverId: bundle.serverId },
    randomUUID(),
  );
  return call(`${url}/v1/asks`, { method: 'POST', headers: { 'content-type': 'application/jose' }, body, tls });
}
