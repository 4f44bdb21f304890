import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../../sync/disk/replace.ts';
import { Problem } from '../../../sync/errors/problem.ts';

const Ports = z.strictObject({ people: z.number().int(), devices: z.number().int() });
type Ports = z.infer<typeof Ports>;

/** First choice; another evaluation on this machine may be using them. */
const WANTED: Ports = { people: 8443, devices: 8444 };

/**
 * Ports of the local server: chosen once and kept in its folder, because the kiosk remembers where its server is. People
 * see the address of their page at every start, so that it may be elsewhere while another program has its port.
 * @throws Problem `ports-unreadable`, `device-port-in-use`
 */
export async function localPorts(serverHome: string): Promise<Ports> {
  const file = join(serverHome, 'ports.json');
  if (existsSync(file)) return nowFree(readPorts(file));
  const free = (await isFree(WANTED.people)) && (await isFree(WANTED.devices));
  const ports = free ? WANTED : { people: await anyFree(), devices: await anyFree() };
  replaceFile(file, `${JSON.stringify(ports)}\n`);
  return ports;
}

async function nowFree({ people, devices }: Ports): Promise<Ports> {
  if (!(await isFree(devices))) throw new Problem('device-port-in-use', { devices });
  return { people: (await isFree(people)) ? people : await anyFree(), devices };
}

function readPorts(file: string): Ports {
  try {
    return Ports.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    // Not chosen a second time: the kiosk would look for its server at the old ones for ever.
    throw new Problem('ports-unreadable', { file, cause });
  }
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
