import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';

const Ports = z.strictObject({ people: z.number().int(), devices: z.number().int() });
export type Ports = z.infer<typeof Ports>;

/** First choice; another evaluation on this machine may have taken them. */
const WANTED: Ports = { people: 8443, devices: 8444 };

/**
 * Ports of the local server: chosen once and kept in its folder, because the kiosk remembers where its server is.
 */
export async function localPorts(serverHome: string): Promise<Ports> {
  const file = join(serverHome, 'ports.json');
  if (existsSync(file)) return Ports.parse(JSON.parse(readFileSync(file, 'utf8')));
  const free = (await isFree(WANTED.people)) && (await isFree(WANTED.devices));
  const ports = free ? WANTED : { people: await anyFree(), devices: await anyFree() };
  writeFileSync(file, `${JSON.stringify(ports)}\n`, { mode: 0o600 });
  return ports;
}

/** Listens for a moment. Nobody else can hold what we could listen on. */
function listen(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null)); // taken, or not ours to take: either way not free
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : null));
    });
  });
}

const isFree = async (port: number): Promise<boolean> => (await listen(port)) !== null;

async function anyFree(): Promise<number> {
  const port = await listen(0);
  if (port === null) throw new Error('no free port on the loopback interface');
  return port;
}
