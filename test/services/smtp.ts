import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { selfSignedServerCertificate } from '../../sync/server/platform/keys/certificates.ts';

/** A mail server that accepts everything: implicit TLS, STARTTLS or, as a bad one, no TLS at all. */

export interface TestSmtp {
  readonly port: number;
  /** PEM of the CA that issued its certificate. */
  readonly caFile: string;
  /** Complete messages as received, including headers. */
  readonly mails: { readonly to: string[]; readonly text: string; readonly tls: boolean }[];
  /** Everything received before TLS. */
  readonly clear: string[];
  /** Its answer to a recipient's address, instead of accepting it. */
  refuse: string | null;
  next(): Promise<void>;
  close(): Promise<void>;
}

export async function startSmtp(kind: 'implicit' | 'starttls' | 'clear'): Promise<TestSmtp> {
  const made = await selfSignedServerCertificate(['localhost'], Date.now());
  const folder = mkdtempSync(join(tmpdir(), 'sp-smtp-'));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, made.certPem);
  const tls = { key: made.keyPem, cert: made.certPem };
  const mails: TestSmtp['mails'] = [];
  const clear: string[] = [];
  const sockets = new Set<Socket>();
  let waiting: (() => void)[] = [];

  const talk = (socket: Socket, secure: boolean, greet: boolean) => {
    sockets.add(socket);
    let [buffer, data, to] = ['', false, [] as string[]];
    const say = (line: string) => socket.write(`${line}\r\n`);
    if (greet) say('220 localhost ESMTP');
    const hear = (chunk: Buffer) => {
      if (!secure) clear.push(String(chunk));
      buffer += chunk;
      for (;;) {
        if (data) {
          const end = buffer.indexOf('\r\n.\r\n');
          if (end === -1) return;
          mails.push({ to, text: buffer.slice(0, end), tls: secure });
          [buffer, data, to] = [buffer.slice(end + 5), false, []];
          say('250 taken');
          for (const notified of waiting) notified();
          waiting = [];
          continue;
        }
        const end = buffer.indexOf('\r\n');
        if (end === -1) return;
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        if (/^EHLO/i.test(line))
          say(kind === 'starttls' && !secure ? '250-localhost\r\n250 STARTTLS' : '250 localhost');
        else if (/^STARTTLS/i.test(line) && kind === 'starttls') {
          say('220 go on');
          socket.off('data', hear);
          talk(new TLSSocket(socket, { isServer: true, ...tls }), true, false);
          return;
        } else if (/^STARTTLS/i.test(line)) {
          say('502 not here');
        } else if (/^RCPT TO:/i.test(line) && smtp.refuse) say(smtp.refuse);
        else if (/^RCPT TO:/i.test(line)) {
          to.push(line.slice(8));
          say('250 ok');
        } else if (/^DATA/i.test(line)) {
          data = true;
          say('354 go on');
        } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
        else say('250 ok');
      }
    };
    socket.on('data', hear);
    socket.on('error', () => undefined);
  };
  const server =
    kind === 'implicit'
      ? createTlsServer(tls, (socket) => talk(socket, true, true))
      : createTcpServer((socket) => talk(socket, false, true));
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const smtp: TestSmtp = {
    refuse: null,
    port: (server.address() as AddressInfo).port,
    caFile,
    mails,
    clear,
    next: () => new Promise((resolve) => waiting.push(resolve)),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return smtp;
}
