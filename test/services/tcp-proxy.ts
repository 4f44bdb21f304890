import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Bytes carried, both directions together. */
  readonly bytes: number;
  /** Stops carrying anything in either direction, without ending the connections, like a dead cable. */
  freeze(): void;
  /** Ends every connection. New ones are carried. */
  cut(): void;
  close(): Promise<void>;
}

/** Forwards bytes between its port of 127.0.0.1 and another port until it is stopped. */
export async function tcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let frozen = false;
  let bytes = 0;
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => {
        bytes += chunk.length;
        if (!frozen) to.write(chunk);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        if (!frozen) to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const end = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    get bytes() {
      return bytes;
    },
    freeze: () => {
      frozen = true;
    },
    cut: () => {
      frozen = false;
      end();
    },
    close: () => {
      end();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
