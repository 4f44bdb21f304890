import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reservePorts } from './ports.ts';

const PROGRAM = `const { reservePorts } = await import(process.argv[1]);
process.stdout.write(JSON.stringify(await reservePorts(6)) + '\\n');
process.stdin.resume();`;

async function inAnotherProcess() {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, join(import.meta.dirname, 'ports.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const end = async () => {
    child.stdin.end();
    await once(child, 'exit');
  };
  return { ports: JSON.parse(line.toString()) as number[], end };
}

test('reserved ports belong to this process until it ends, and are outside the kernel’s ephemeral range', async () => {
  const [one, two] = await Promise.all([inAnotherProcess(), inAnotherProcess()]);
  const mine = [...(await reservePorts(5)), ...(await reservePorts(5))];
  const all = [...one.ports, ...two.ports, ...mine];
  expect(new Set(all).size).toBe(22);
  const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/).map(Number);
  for (const port of all) expect(port < range[0]! || port > range[1]!, String(port)).toBe(true);
  expect(one.ports).toEqual(one.ports.map((_, i) => one.ports[0]! + i));
  await Promise.all([one.end(), two.end()]);
});

test('a port that something else listens on without a reservation is skipped', async () => {
  const [before] = (await reservePorts(1)) as [number];
  const taken = before + 1;
  const server = createServer();
  // If another test has that very port, it is taken too.
  await new Promise<void>((resolve) => {
    server.once('error', () => resolve()).listen({ host: '127.0.0.1', port: taken }, resolve);
  });
  const other = await inAnotherProcess();
  expect(other.ports).not.toContain(taken);
  await other.end();
  server.close();
});
