import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/*
 * Ports for a server whose address must be known before it starts, or that restarts on the same one; nothing can take them
 * meanwhile. They are outside the range from which the kernel assigns ports (`listen(0)`, outgoing connections), and an abstract
 * socket named after each is held until this process ends, so no two test processes of a machine get the same one. Servers that
 * need no fixed port listen on 0 and read it back.
 */
const LOWEST = 10_000;

/** @returns this many consecutive ports, reserved for this process until it ends */
export async function reservePorts(count: number): Promise<number[]> {
  const below = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0]);
  for (let first = LOWEST; first + count <= below; ) {
    const taken = await reserveRow(first, count);
    if (taken === null) return Array.from({ length: count }, (_, i) => first + i);
    first = taken + 1;
  }
  throw new Error(`no ${count} ports in a row are free between ${LOWEST} and ${below}`);
}

/** @returns the first unavailable port of the row, in which case none is held; null if all are */
async function reserveRow(first: number, count: number): Promise<number | null> {
  const held: (() => Promise<unknown>)[] = [];
  for (let port = first; port < first + count; port++) {
    const release = await listen(`\0smartpresence-test-port-${port}`);
    const probe = release && (await listen(port));
    await probe?.();
    if (release) held.push(release);
    if (probe) continue;
    await Promise.all(held.map((one) => one()));
    return port;
  }
  return null;
}

/** Listens without keeping the process alive. @returns how to stop; null if something else listens there */
async function listen(at: number | string): Promise<(() => Promise<unknown>) | null> {
  const server = createServer();
  server.listen(typeof at === 'number' ? { host: '127.0.0.1', port: at } : { path: at });
  try {
    await once(server, 'listening');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EADDRINUSE') return null;
    throw cause;
  }
  server.unref();
  return () => {
    const closed = once(server, 'close');
    server.close();
    return closed;
  };
}
