import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../../sync/disk/replace.ts';
import { Problem } from '../../../sync/errors/problem.ts';

const Ports = z.strictObject({ people: z.number().int(), devices: z.number().int() });
type Ports = z.infer<typeof Ports>;

/** Preferred ports. Another evaluation on this machine may be using them. */
const WANTED: Ports = { people: 8443, devices: 8444 };

/**
 * Returns the local server's ports. They are chosen once and stored in its folder, because the kiosk remembers where its server
 * is. The port for people may differ at a start, if it is taken, since their address is shown at each start.
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
    // Not chosen again: the kiosk would keep looking for its server at the old ports.
    throw new Problem('ports-unreadable', { file, cause });
  }
}

/** Listens briefly to test a port. If we can listen, nobody else is using it. */
function listen(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null)); // taken, or not permitted: not free either way
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
