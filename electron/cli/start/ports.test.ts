import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { localPorts } from './ports.ts';

let home: string;
const servers: Server[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sp-ports-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  rmSync(home, { recursive: true, force: true });
});

async function taken(port: number): Promise<void> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

test('ports are chosen once', async () => {
  const ports = await localPorts(home);
  expect(ports.people).not.toBe(ports.devices);
  expect(await localPorts(home)).toEqual(ports);
});

test('a taken port for people is replaced for this start; one for kiosks is an error that says what to do', async () => {
  const { people, devices } = { people: await free(), devices: await free() };
  const file = join(home, 'ports.json');
  writeFileSync(file, JSON.stringify({ people, devices }));
  await taken(people);
  const now = await localPorts(home);
  expect(now.devices).toBe(devices);
  expect([people, devices]).not.toContain(now.people);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ people, devices });
  await taken(devices);
  await expect(localPorts(home)).rejects.toMatchObject({
    code: 'device-port-in-use',
    message: expect.stringContaining(String(devices)),
  });
});

test('a file without ports is not overwritten', async () => {
  for (const content of ['', '{"people":8443}', 'null']) {
    writeFileSync(join(home, 'ports.json'), content);
    await expect(localPorts(home)).rejects.toMatchObject({ code: 'ports-unreadable' });
  }
});

async function free(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
