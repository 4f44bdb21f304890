import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { MAX_LOGS_GZ } from '../../../sync/protocol/wire/farewell.ts';
import { packedLog } from './attach.ts';
import { keepLog, logsFolder, MAX_BOOK_BYTES, readLog } from './log-book.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sp-log-'));
  const made = home;
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
});

describe('the log of a kiosk', () => {
  test('is passed on unchanged and kept redacted, without debug lines', () => {
    const passed: unknown[] = [];
    const log = keepLog(home, (...all) => void passed.push(all));
    log('info', 'check-in', { name: 'Ada', direction: 'in' });
    log('debug', 'browser: noise');
    expect(passed).toHaveLength(2);
    const text = readLog(home, 10_000);
    expect(text.split('\n')).toHaveLength(2);
    expect(JSON.parse(text)).toMatchObject({ message: 'check-in', fields: { direction: 'in' } });
    expect(text).not.toContain('Ada');
    for (const file of readdirSync(logsFolder(home)))
      expect(statSync(join(logsFolder(home), file)).mode & 0o077).toBe(0);
  });

  test('has a size limit, and keeps the newest lines', () => {
    const log = keepLog(home, () => undefined);
    for (let i = 0; i < 12_000; i++) log('warn', 'host: request refused', { count: i, code: 'no-session' });
    const all = readdirSync(logsFolder(home)).reduce((sum, f) => sum + statSync(join(logsFolder(home), f)).size, 0);
    expect(all).toBeLessThan(2 * MAX_BOOK_BYTES + 10_000);
    const lines = readLog(home, 5_000).trim().split('\n');
    expect(JSON.parse(lines[0]!)).toBeTruthy();
    expect(JSON.parse(lines.at(-1)!).fields.count).toBe(11_999);
    const gz = packedLog(home);
    expect(gz.toString('base64').length).toBeLessThanOrEqual(MAX_LOGS_GZ);
    expect(JSON.parse(gunzipSync(gz).toString().trim().split('\n').at(-1)!).fields.count).toBe(11_999);
  });

  test('that is empty is reported as missing', () => {
    expect(() => packedLog(home)).toThrow(expect.objectContaining({ code: 'log-missing' }));
  });

  test('never stops a kiosk from working, and does not reappear on one that was destroyed', () => {
    const log = keepLog(home, () => undefined);
    log('info', 'host: starts');
    rmSync(home, { recursive: true });
    log('info', 'host: goes on');
    expect(existsSync(home)).toBe(false);
    mkdirSync(home);
    writeFileSync(join(home, 'leaving.json'), '{}');
    keepLog(home, () => undefined)('info', 'host: starts');
    expect(readdirSync(home)).toEqual(['leaving.json']);
  });
});
