import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendLogs } from '../../sync/edge/logs.ts';
import { sp } from '../cli/run-sp.ts';
import { askChanges, type Link, newKiosk, transportOptions } from '../kit/kiosk.ts';
import { newServer, type TestServer } from '../kit/server.ts';

/** The `fleet …` commands as an operator runs them, beside a running server. */
let server: TestServer;
let kiosk: Link;
let id: string;
const run = (args: string[], input?: string) =>
  sp(join(server.home, 'nobody'), ['fleet', ...args], { env: server.env, ...(input !== undefined && { input }) });

beforeAll(async () => {
  server = await newServer();
  kiosk = await newKiosk(server, 'Front door');
  id = kiosk.secret.device;
  await askChanges(server, kiosk);
});
afterAll(() => server?.close());

describe('fleet on the command line', { timeout: 120_000 }, () => {
  test('list and show report problems with exit code 1', async () => {
    const list = await run(['list']);
    expect(list.code).toBe(1);
    expect(list.stdout).toMatch(/Front door .*no-report/);
    expect((await run(['list', '--alert', 'disk-low', '--json'])).lines()).toEqual([]);
    const wrong = await run(['list', '--alert', 'unheard-of']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('camera-bad')]);
    const shown = await run(['show', id]);
    expect([shown.code, shown.stdout]).toEqual([1, expect.stringContaining('It has not reported its health yet.')]);
  });

  test('config and template set, show and revert', async () => {
    expect((await run(['config', id, 'volume=40', 'theme=dark'])).stdout).toContain(
      'Published:        volume=40 theme=dark',
    );
    expect((await run(['config', id, 'theme='])).stdout).toContain('Published:        volume=40');
    const back = await run(['config', id, '--revert', '1', '--json']);
    expect(back.lines()[0]).toMatchObject({ effective: { volume: 40, theme: 'dark' }, own: { revision: 3 } });
    const refused = await run(['config', id, 'volume=101']);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('volume')]);
    const [site] = (await run(['template', '--json'])).lines() as { site: string }[];
    const template = await run(['template', site!.site, 'language=de', '--json']);
    expect(template.lines()[0]).toMatchObject({ settings: { language: 'de' }, revision: 1 });
    expect((await run(['show', id, '--json'])).lines()[0]).toMatchObject({ effective: { language: 'de', volume: 40 } });
  });

  test('restart runs one at a time, and can be cancelled', async () => {
    const [found] = (await run(['restart', id, '--hours', '2', '--json'])).lines() as { commands: { id: string }[] }[];
    expect((await run(['restart', id])).stderr).toContain('command-waits');
    const gone = await run(['cancel', id, found!.commands[0]!.id]);
    expect([gone.code, gone.stdout]).toEqual([0, expect.stringContaining('withdrawn')]);
  });

  test('wipe and decommission require the typed name', async () => {
    const wrong = await run(['wipe', id], 'Back door\n');
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toContain('command-name-differs');
    const right = await run(['wipe', id], 'Front door\n');
    expect([right.code, right.stdout]).toEqual([0, expect.stringMatching(/wipe +waiting/)]);
    expect((await run(['decommission', id, '--name', 'Front door'])).code).toBe(0);
  });

  test('logs are requested, and saved to a private file', async () => {
    const none = await run(['logs', id, '--read']);
    expect(none.stderr).toContain('log-not-here');
    const [found] = (await run(['logs', id, '--json'])).lines() as { commands: { id: string; what: string }[] }[];
    const command = found!.commands.find(({ what }) => what === 'logs')!.id;
    const line = '{"message":"host: the core is ready"}\n';
    await sendLogs(
      transportOptions(kiosk, server.now),
      { secret: kiosk.secret, command, gz: gzipSync(line) },
      AbortSignal.timeout(60_000),
    );
    expect((await run(['logs', id, '--read'])).stdout).toBe(line);
    const out = join(server.home, 'kiosk.jsonl');
    expect((await run(['logs', id, '--read', '--out', out])).code).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe(line);
    expect(statSync(out).mode & 0o077).toBe(0);
  });
});
