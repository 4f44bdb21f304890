import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { buildId, decide, readHealth, readVerdict, requestFile, stateFile, statusFile, writeShared } from './files.ts';
import { updateLayout } from './layout.ts';
import { readFailed, readTrial, TRIAL, type TrialRecord } from './records.ts';
import type { Check } from './rules.ts';
import { stepTrial } from './trial.ts';

const A = { version: '0.2.0', commit: 'a'.repeat(40) };
const B = { version: '0.3.0', commit: 'b'.repeat(40) };
const ATTEMPT = '11111111-1111-4111-8111-111111111111';
const ROLLOUT = '33333333-3333-4333-8333-333333333333';
const record: TrialRecord = {
  attempt: ATTEMPT,
  asked: { action: 'install', version: B.version, rollout: ROLLOUT, retry: 0 },
  build: buildId(B),
  version: B.version,
  from: A.version,
  before: { camera: true, faces: true, online: true, match: null },
  acknowledged: false,
};

/** A kiosk in the middle of an update, with a map as its store. */
function kiosk() {
  const root = mkdtempSync(join(tmpdir(), 'sp-trial-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const layout = updateLayout(root);
  for (const folder of Object.values(layout)) mkdirSync(folder);
  const settings = new Map<string, string>([[TRIAL, JSON.stringify(record)]]);
  const notified: { code: string; detail: Record<string, unknown> }[] = [];
  const disk = { full: false };
  const store = {
    settings: {
      get: (key: string) => settings.get(key) ?? null,
      setAll(more: Readonly<Record<string, string>>) {
        for (const [key, value] of Object.entries(more)) settings.set(key, value);
      },
    },
    events: {
      reportIfSpace(code: string, detail: Record<string, unknown>, more: Record<string, string> = {}) {
        if (disk.full) return false;
        notified.push({ code, detail });
        for (const [key, value] of Object.entries(more)) settings.set(key, value);
        return true;
      },
    },
  };
  const seen: Record<Check, boolean> = { camera: true, match: true, commit: true, sync: true, updater: true };
  const step = (running: typeof A, insteadOf: string | null = null) =>
    stepTrial({
      layout,
      running,
      insteadOf,
      store,
      log: () => undefined,
      shown: (trial) => ({ ...seen, commit: trial.acknowledged }),
    });
  const state = (attempt: string, current = B, previous: typeof A | null = A) =>
    writeShared(stateFile(layout), {
      format: 1,
      current: buildId(current),
      currentManifest: 'c'.repeat(64),
      previous: previous ? buildId(previous) : '',
      previousManifest: previous ? 'd'.repeat(64) : '',
      attempt,
      trialMinutes: 10,
    });
  const fail = (code: string) => decide(layout, { attempt: ATTEMPT, outcome: 'failed', code, starts: 3, seconds: 9 });
  return {
    layout,
    store,
    settings,
    notified,
    disk,
    seen,
    step,
    state,
    fail,
    codes: () => notified.map(({ code }) => code),
  };
}

describe('the build on trial', () => {
  test('reports that it runs, proves what it can, decides, and reports that: each once', () => {
    const k = kiosk();
    k.state(ATTEMPT);
    k.seen.camera = false;
    expect(k.step(B)).toBe('running');
    expect(k.step(B)).toBe('running');
    expect(k.codes()).toEqual(['update-installed']);
    expect(readHealth(k.layout)).toEqual({ attempt: ATTEMPT, missing: ['camera'] });
    k.seen.camera = true;
    expect(k.step(B)).toBe('none');
    expect(k.step(B)).toBe('none');
    expect(k.codes()).toEqual(['update-installed', 'update-healthy']);
    expect(k.notified[1]!.detail).toEqual({
      version: '0.3.0',
      from: '0.2.0',
      action: 'install',
      retry: 0,
      rollout: ROLLOUT,
    });
    expect(readVerdict(k.layout, ATTEMPT)).toMatchObject({ outcome: 'healthy' });
    expect(readTrial(k.store)).toBeNull();
  });

  test('that can’t record that it runs has not proved itself', () => {
    const k = kiosk();
    k.state(ATTEMPT);
    k.disk.full = true;
    expect(k.step(B)).toBe('running');
    expect(readVerdict(k.layout, ATTEMPT)).toBeNull();
  });

  test('interrupted after its verdict reports it at the next start', () => {
    const k = kiosk();
    k.state(ATTEMPT);
    k.seen.camera = false;
    k.step(B);
    decide(k.layout, { attempt: ATTEMPT, outcome: 'healthy', code: '', starts: 0, seconds: 0 });
    k.state(''); // and the updater has settled it meanwhile
    expect(k.step(B)).toBe('none');
    expect(k.codes()).toEqual(['update-installed', 'update-healthy']);
  });

  test('that is unknown to the store proves itself anyway', () => {
    const k = kiosk();
    k.settings.clear();
    k.state(ATTEMPT);
    k.seen.sync = false;
    expect(k.step(B)).toBe('none');
    expect(k.step(B)).toBe('none');
    expect(k.codes()).toEqual(['update-installed', 'update-healthy']);
    expect(k.notified.at(-1)).toMatchObject({ code: 'update-healthy', detail: { version: '0.3.0', from: '0.2.0' } });
  });

  test('that was given up is left', () => {
    const k = kiosk();
    k.state(ATTEMPT);
    k.fail('rollback-asked');
    expect(k.step(B)).toBe('restart');
    expect(k.codes()).toEqual([]);
  });

  test('that failed is kept if the previous build can’t be started, without restarting forever', () => {
    const k = kiosk();
    k.state(ATTEMPT);
    k.fail('trial-deadline');
    expect(k.step(B, buildId(A))).toBe('none');
    expect(k.step(B, buildId(A))).toBe('none');
    expect(k.codes()).toEqual(['update-rolled-back']);
  });
});

describe('the previous build', () => {
  test('reports once why it runs again, and remembers what failed', () => {
    const k = kiosk();
    k.state(ATTEMPT);
    k.seen.camera = false;
    k.step(B);
    k.fail('trial-deadline');
    k.notified.length = 0;
    expect(k.step(A, buildId(B))).toBe('none');
    expect(k.step(A, buildId(B))).toBe('none');
    expect(k.notified).toEqual([
      {
        code: 'update-rolled-back',
        detail: {
          version: '0.3.0',
          from: '0.2.0',
          action: 'install',
          retry: 0,
          rollout: ROLLOUT,
          reason: 'trial-deadline: camera',
        },
      },
    ]);
    expect(readFailed(k.store)).toEqual({ '0.3.0': 0 });
  });

  test('reports it when there is space again', () => {
    const k = kiosk();
    k.state(ATTEMPT);
    k.fail('trial-starts');
    k.disk.full = true;
    expect(k.step(A)).toBe('waits');
    k.disk.full = false;
    expect(k.step(A)).toBe('none');
    expect(k.codes()).toEqual(['update-rolled-back']);
  });

  test('started by a launcher that could not write its verdict writes it', () => {
    const k = kiosk();
    k.state(ATTEMPT);
    expect(k.step(A, buildId(B))).toBe('none');
    expect(k.notified[0]!.detail).toMatchObject({ reason: 'build-fallback' });
    expect(readVerdict(k.layout, ATTEMPT)).toMatchObject({ outcome: 'failed', code: 'build-fallback' });
  });

  test('started instead of a build damaged after its verdict reports that once, and does not restart forever', () => {
    const k = kiosk();
    k.state(ATTEMPT);
    decide(k.layout, { attempt: ATTEMPT, outcome: 'healthy', code: '', starts: 1, seconds: 5 });
    expect(k.step(A, buildId(B))).toBe('none');
    expect(k.notified).toMatchObject([{ code: 'update-rolled-back', detail: { reason: 'build-fallback' } }]);
    expect(k.step(A, buildId(B))).toBe('none');
    expect(k.codes()).toHaveLength(1);
  });

  test('restarts if the switch was done but its core exited before the restart', () => {
    const k = kiosk();
    k.state(ATTEMPT);
    expect(k.step(A)).toBe('restart');
  });

  test('waits for a switch that the updater has not answered, and forgets one that it refused', () => {
    const k = kiosk();
    k.state('', A, null);
    const id = '55555555-5555-4555-8555-555555555555';
    writeShared(requestFile(k.layout), { id, want: 'switch', build: buildId(B), attempt: ATTEMPT, trialMinutes: 10 });
    expect(k.step(A)).toBe('waits');
    writeShared(statusFile(k.layout), {
      request: id,
      state: 'refused',
      step: 'switch',
      done: 0,
      total: 0,
      problem: { code: 'update-build-damaged', message: '', nextStep: '' },
      build: null,
      facts: null,
      moved: 0,
      updater: '0.2.0',
    });
    expect(k.step(A)).toBe('none');
    expect(readTrial(k.store)).toBeNull();
    expect(k.codes()).toEqual([]);
  });
});

test('a requested rollback ends with the codes of a rollback', () => {
  const k = kiosk();
  k.settings.set(
    TRIAL,
    JSON.stringify({
      ...record,
      asked: { ...record.asked, action: 'rollback', version: B.version },
      build: buildId(A),
      version: A.version,
      from: B.version,
    }),
  );
  k.state(ATTEMPT, A, B);
  expect(k.step(A)).toBe('none');
  expect(k.notified).toMatchObject([
    { code: 'update-rolled-back', detail: { version: '0.3.0', from: '0.2.0', reason: 'asked', action: 'rollback' } },
  ]);
  expect(readFailed(k.store)).toEqual({});
});
