import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cantRun, FILES, run } from './machine.ts';

/*
 * The kiosk's firewall on real packets: a kiosk, its server, and another machine, each a network namespace of this machine,
 * joined by one wire.
 */

const impossible = cantRun('nft', 'ip', 'unshare', 'socat');
if (impossible) console.log(impossible);
const FIREWALL = join(FILES, 'opt/smartpresence/firewall');
const KIOSK = `sp-k-${process.pid}`;
const OTHERS = `sp-o-${process.pid}`;
const SERVER = '10.77.0.2';
const STRANGER = '10.77.0.3';
/** Debian's `nobody`: represents any user of the kiosk except our two. */
const USER = 65_534;

describe.skipIf(impossible !== null)('the firewall', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sp-firewall-'));
  const conf = (settings: string): string => {
    const file = join(folder, 'firewall.conf');
    writeFileSync(file, `PORTS="443 8444 8883"\nDNS=auto\n${settings}\n`);
    return file;
  };
  const resolv = join(folder, 'resolv.conf');
  const memory = join(folder, 'memory');
  const listeners: number[] = [];
  /** The rules, with user names that exist on this machine. */
  const rules = (settings: string): string =>
    run(FIREWALL, 'print', conf(settings), resolv, memory).replaceAll(
      '{ smartpresence, smartpresence-update }',
      `{ ${USER} }`,
    );
  const load = (settings: string): void => {
    const { status, stderr } = spawnSync('ip', ['netns', 'exec', KIOSK, 'nft', '-f', '-'], {
      input: rules(settings),
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  };
  const inside = (space: string, ...command: string[]) =>
    spawnSync('ip', ['netns', 'exec', space, ...command], { encoding: 'utf8' });
  const asUser = (uid: number) => ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  const reaches = (to: string, port: number, uid = USER): boolean =>
    inside(KIOSK, ...asUser(uid), 'socat', '-T2', '/dev/null', `TCP:${to}:${port},connect-timeout=2`).status === 0;

  beforeAll(() => {
    mkdirSync(memory);
    writeFileSync(resolv, `nameserver ${SERVER}\nnameserver 127.0.0.53\n`);
    for (const space of [KIOSK, OTHERS]) run('ip', 'netns', 'add', space);
    run('ip', 'link', 'add', 'k0', 'netns', KIOSK, 'type', 'veth', 'peer', 'name', 'o0', 'netns', OTHERS);
    for (const [space, link, addresses] of [
      [KIOSK, 'k0', ['10.77.0.1']],
      [OTHERS, 'o0', [SERVER, STRANGER]],
    ] as const) {
      for (const address of addresses) run('ip', '-n', space, 'addr', 'add', `${address}/24`, 'dev', link);
      run('ip', '-n', space, 'link', 'set', link, 'up');
      run('ip', '-n', space, 'link', 'set', 'lo', 'up');
    }
    for (const [space, port] of [
      [OTHERS, 8444],
      [OTHERS, 22],
      [OTHERS, 53],
      [KIOSK, 7480],
    ] as const) {
      const { stdout } = spawnSync(
        'sh',
        ['-c', `ip netns exec ${space} socat TCP-LISTEN:${port},fork,reuseaddr SYSTEM:true >/dev/null 2>&1 & echo $!`],
        { encoding: 'utf8' },
      );
      listeners.push(Number(stdout));
    }
    // Before the rules are loaded, the servers listen and the wire works.
    for (const port of [8444, 22, 53]) {
      let tries = 100;
      while (!reaches(SERVER, port) && --tries > 0) spawnSync('sleep', ['0.1']);
      expect([port, tries > 0]).toEqual([port, true]);
    }
    expect(inside(OTHERS, 'socat', '-T2', '/dev/null', 'TCP:10.77.0.1:7480,connect-timeout=2').status).toBe(0);
  });
  afterAll(() => {
    for (const pid of listeners) spawnSync('kill', [String(pid)]);
    for (const space of [KIOSK, OTHERS]) spawnSync('ip', ['netns', 'del', space]);
    rmSync(folder, { recursive: true });
  });

  test('lets only the kiosk reach only its server’s port and the resolver', () => {
    load(`SERVERS="${SERVER}:8444"`);
    expect(reaches(SERVER, 8444)).toBe(true);
    expect(reaches(SERVER, 53)).toBe(true);
    expect(reaches(SERVER, 22)).toBe(false);
    expect(reaches(STRANGER, 8444)).toBe(false);
    expect(reaches(STRANGER, 53)).toBe(false);
    // Another user of the machine can reach only the resolver.
    expect(reaches(SERVER, 8444, 33)).toBe(false);
    expect(reaches(SERVER, 8444, 0)).toBe(false);
  });

  test('lets nothing in except on the loopback interface', () => {
    load(`SERVERS="${SERVER}:8444"`);
    expect(inside(OTHERS, 'socat', '-T2', '/dev/null', 'TCP:10.77.0.1:7480,connect-timeout=2').status).not.toBe(0);
    expect(inside(OTHERS, 'ping', '-c1', '-W1', '10.77.0.1').status).not.toBe(0);
    expect(reaches('127.0.0.1', 7480)).toBe(true);
  });

  test('without a server by name allows these ports to any host, only for the kiosk’s users', () => {
    load('SERVERS=""');
    expect(reaches(STRANGER, 8444)).toBe(true);
    expect(reaches(STRANGER, 22)).toBe(false);
    expect(reaches(STRANGER, 8444, 33)).toBe(false);
  });

  test('allows Debian’s mirror only to root and apt, and to nobody if none is set', () => {
    load(`SERVERS="${SERVER}:8444"\nUPDATES="${STRANGER}:8444"`);
    expect(reaches(STRANGER, 8444, 0)).toBe(true);
    expect(reaches(STRANGER, 8444)).toBe(false);
  });

  test('can replace itself atomically, any number of times', () => {
    load(`SERVERS="${SERVER}:8444"`);
    load(`SERVERS="${SERVER}:8444"`);
    const listed = inside(KIOSK, 'nft', 'list', 'ruleset').stdout;
    expect(listed.match(/^table /gm)).toHaveLength(1);
    expect(listed.match(/policy drop/g)).toHaveLength(3);
  });

  test('uses a name’s last known addresses while it can’t be resolved', () => {
    writeFileSync(join(memory, 'gone.invalid'), `${SERVER}\n2001:db8::7\n`);
    const text = rules('SERVERS="gone.invalid:8444"');
    expect(text).toContain(`ip daddr ${SERVER} tcp dport 8444 meta skuid`);
    expect(text).toContain('ip6 daddr 2001:db8::7 tcp dport 8444 meta skuid');
    expect(rules('SERVERS="other.invalid:8444"')).not.toContain('8444');
    expect(run(FIREWALL, 'print', conf('SERVERS="localhost:8444"'), resolv, memory)).toMatch(
      /ip6? daddr (127\.0\.0\.1|::1) tcp dport 8444/,
    );
    expect(readFileSync(join(memory, 'localhost'), 'utf8')).toMatch(/^(127\.0\.0\.1|::1)$/m);
  });

  test('refuses an invalid list, and keeps the rules unchanged', () => {
    load(`SERVERS="${SERVER}:8444"`);
    const { status, stderr } = spawnSync(
      'ip',
      ['netns', 'exec', KIOSK, FIREWALL, 'load', conf('SERVERS="nonsense"'), resolv, memory],
      { encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([1, expect.stringContaining('nonsense is not HOST:PORT')]);
    expect(reaches(SERVER, 8444)).toBe(true);
    expect(reaches(STRANGER, 8444)).toBe(false);
  });
});
