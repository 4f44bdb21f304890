import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface ConnectProxy {
  /** Its address, including the required name and password. */
  readonly url: string;
  readonly port: number;
  /** Requested targets, `host:port`, including rejected ones. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** A web proxy that accepts only CONNECT (RFC 9110 §9.3.6) and requires the name `kiosk` and the password `p@ss`. */
export async function connectProxy(): Promise<ConnectProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', (request, socket: Socket) => {
    asked.push(request.url!);
    socket.on('error', () => undefined);
    if (request.headers['proxy-authorization'] !== `Basic ${Buffer.from('kiosk:p@ss').toString('base64')}`)
      return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const [host, port] = request.url!.split(':');
    const up = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      up.pipe(socket).pipe(up);
    });
    sockets.add(up);
    up.on('error', () => socket.destroy());
    socket.on('error', () => up.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://kiosk:p%40ss@127.0.0.1:${port}`,
    port,
    asked,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
