import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { repositoryFile } from '../../sync/protocol/wire/release.ts';
import { createCa, issueServerCertificate } from '../../sync/server/platform/keys/certificates.ts';

export interface HttpsMirror {
  /** `https://127.0.0.1:PORT/updates` */
  readonly url: string;
  /** PEM of the CA that issued its certificate. */
  readonly ca: string;
  /** Requested paths, in order. */
  readonly asked: string[];
  /** Bytes of files that it has sent. */
  sent: number;
  close(): Promise<void>;
}

/** Starts a mirror as an operator would: a folder behind HTTPS (TLS 1.3 only), with byte ranges, and none of our code. */
export async function startHttpsMirror(folder: string): Promise<HttpsMirror> {
  const ca = await createCa('mirror', Date.now());
  const leaf = await issueServerCertificate(ca, ['127.0.0.1'], Date.now(), 'mirror');
  const seen = { asked: [] as string[], sent: 0 };
  const tls = { key: leaf.keyPem, cert: leaf.certPem, minVersion: 'TLSv1.3' } as const;
  const server = createServer(tls, (request, response) => {
    const path = (request.url ?? '').replace(/^\/updates\//, '');
    seen.asked.push(path);
    const file = join(folder, path);
    const total = repositoryFile(path) === null ? undefined : statSync(file, { throwIfNoEntry: false })?.size;
    if (total === undefined) {
      response.writeHead(404).end();
      return;
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from >= total && from > 0) {
      response.writeHead(416).end();
      return;
    }
    const range = from > 0 ? { 'content-range': `bytes ${from}-${total - 1}/${total}` } : {};
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': total - from, ...range });
    const bytes = createReadStream(file, { start: from });
    bytes.on('data', (piece) => {
      seen.sent += piece.length;
    });
    pipeline(bytes, response, () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(seen, {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/updates`,
    ca: ca.certPem,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
