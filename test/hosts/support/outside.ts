import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Something outside the kiosk: a TCP and a UDP port of this machine that record connections. */
export interface Outside {
  readonly port: number;
  readonly udpPort: number;
  /** TCP connections (their first line, if any) and UDP packets so far. */
  readonly seen: readonly string[];
  close(): Promise<void>;
}

export async function startOutside(): Promise<Outside> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    const at = seen.push('connection') - 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('data', (part) => {
      seen[at] = part.toString('latin1').split('\r\n')[0]!;
      // Answers anything, for every origin, so that a request that gets out would also succeed.
      socket.end(
        'HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi',
      );
    });
  });
  await new Promise<void>((done) => tcp.listen(0, '127.0.0.1', done));
  const udp = createSocket('udp4');
  udp.on('message', () => void seen.push('packet'));
  await new Promise<void>((done) => udp.bind(0, '127.0.0.1', done));
  return {
    port: (tcp.address() as AddressInfo).port,
    udpPort: udp.address().port,
    seen,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => tcp.close(done));
      await new Promise<void>((done) => udp.close(done));
    },
  };
}
