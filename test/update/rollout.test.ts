import { randomUUID } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { FleetDetail } from '../../sync/protocol/api/fleet.ts';
import type {
  KioskState,
  NewRollout,
  Repository,
  Ring,
  Rollout,
  RolloutAction,
  WindowInForce,
} from '../../sync/protocol/api/rollouts.ts';
import type { UpdateDirective } from '../../sync/protocol/wire/fleet.ts';
import { rolloutsJob } from '../../sync/server/features/fleet/rollout/rollouts.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { runNow } from '../../sync/server/platform/jobs/runner.ts';
import { type Api, newApi } from '../kit/api.ts';
import { codeOf } from '../kit/client.ts';
import { DATABASES } from '../kit/databases.ts';
import { temporaryFolder } from '../kit/folder.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { SITE } from '../kit/services.ts';
import { withDatabase } from '../kit/suite.ts';
import { makeRepository, T0 } from './repository.ts';

const HOUR = 3_600_000;
const never = new AbortController().signal;

describe.each(DATABASES)('rollouts on $name', (kind) => {
  let database: OpenDatabase;
  let api: Api;
  let kiosks: MemoryOutbox[] = [];
  const folder = temporaryFolder();
  const repository = makeRepository(folder.path);

  withDatabase(kind, async (opened, undo) => {
    database = opened;
    for (const version of ['1.0.0', '1.1.0', '1.2.0']) repository.add(version);
    undo.defer(() => folder.remove());
    api = undo.use(await newApi(database, new Date(T0 + HOUR)));
    configure(folder.path);
  });
  beforeEach(async () => {
    const { db } = database;
    for (const table of [
      'rollout_action',
      'rollout_device',
      'rollout',
      'device_state',
      'device_report',
      'device_ring',
      'update_window',
    ] as const)
      await db.deleteFrom(table).execute();
    await db.updateTable('device').set({ status: 'revoked' }).execute();
    kiosks = [];
    api.now = new Date(T0 + HOUR);
  });

  function configure(updates: string | null): void {
    Object.assign(api.services, { config: { ...api.services.config, updates } });
  }
  async function fleet(count: number): Promise<void> {
    for (let i = 0; i < count; i++) kiosks.push(await api.kiosk());
    await heard();
  }
  /** Marks every approved kiosk as in contact now. */
  const heard = () =>
    database.db.updateTable('device').set({ last_heard_at: api.now }).where('status', '=', 'approved').execute();
  const pass = async (ms: number) => {
    api.now = new Date(api.now.getTime() + ms);
    await heard();
  };
  const job = () => runNow(api.services, rolloutsJob, never);
  const go = (body: Partial<NewRollout> = {}) =>
    api.ask<Rollout>('POST', '/api/rollouts', { body: { version: '1.1.0', ...body } });
  const read = (id: string) => api.ask<Rollout>('GET', `/api/rollouts/${id}`);
  const act = (id: string, what: string, body = {}) =>
    api.ask<Rollout>('POST', `/api/rollouts/${id}/${what}`, { body });
  const directiveOf = async (box: MemoryOutbox): Promise<UpdateDirective | null> => {
    const row = await database.db
      .selectFrom('device_state')
      .select('body')
      .where('device', '=', box.device)
      .where('kind', '=', 'update')
      .executeTakeFirst();
    return (row?.body as { update: UpdateDirective | null } | undefined)?.update ?? null;
  };
  const installing = async () => {
    const all = await Promise.all(
      kiosks.map(async (box) => ((await directiveOf(box))?.action === 'install' ? box : null)),
    );
    return all.filter((box) => box !== null);
  };
  async function says(
    box: MemoryOutbox,
    code: string,
    rollout: string,
    more: Record<string, string> = {},
    at = api.now,
  ) {
    box.append('health', { code, detail: { rollout, version: '1.1.0', from: '1.0.0', ...more } }, {}, at);
    await api.deliver(box);
  }
  const ALL = { ring: 'all' as const, percent: 100, soakHours: 0 };
  const STEPS = [
    { ring: 'canary' as const, percent: 100, soakHours: 4 },
    { ring: 'all' as const, percent: 50, soakHours: 4 },
    ALL,
  ];

  describe('starts', () => {
    test('with the canaries if there are any, then a tenth, half and everyone, notifying no other kiosk', async () => {
      await fleet(6);
      await api.ask('PUT', `/api/devices/${kiosks[0]!.device}/ring`, { body: { ring: 'canary' } });
      const made = await go();
      expect(made).toMatchObject({ version: '1.1.0', state: 'running', step: 0, waitsFor: 'soak' });
      expect(made.steps.map((s) => `${s.ring} ${s.percent}`)).toEqual(['canary 100', 'all 10', 'all 50', 'all 100']);
      expect(await installing()).toEqual([kiosks[0]]);
      expect(await directiveOf(kiosks[0]!)).toEqual({
        rollout: made.id,
        action: 'install',
        version: '1.1.0',
        window: null,
        trialMinutes: 10,
        retry: 0,
      });
      expect(made.counts).toMatchObject({ notified: 1, waiting: 5 });
      expect(await api.lastAudit()).toMatchObject({
        action: 'operate',
        route: 'POST /api/rollouts',
        resource: made.id,
      });
    });

    test('only with a complete build in the repository that kiosks would accept', async () => {
      await fleet(1);
      expect(await codeOf(go({ version: '9.0.0' }))).toBe('version-not-in-repository');
      configure(null);
      expect(await codeOf(go())).toBe('updates-not-configured');
      configure(join(folder.path, 'elsewhere'));
      expect(await codeOf(go())).toBe('repository-unreadable');
      configure(folder.path);
      api.now = new Date(T0 + 8 * 24 * HOUR);
      expect(await codeOf(go())).toBe('repository-expired');
      api.now = new Date(T0 + HOUR);
      expect(await codeOf(go({ steps: [{ ring: 'canary', percent: 100, soakHours: 1 }, ALL] }))).toBe('ring-empty');
      await expect(go({ steps: [{ ring: 'all', percent: 10, soakHours: 1 }] })).rejects.toThrow(/last step/);
      expect(await installing()).toEqual([]);
    });

    test('not with a version that every kiosk has or exceeds', async () => {
      await fleet(2);
      const report = (box: MemoryOutbox, version: string) =>
        database.db
          .insertInto('device_report')
          .values({ device: box.device, at: api.now, report: JSON.stringify({ version }) })
          .execute();
      await report(kiosks[0]!, '1.1.0');
      expect(await codeOf(go())).toBe('version-not-newer');
      await report(kiosks[1]!, '1.0.0');
      expect((await go()).state).toBe('running');
    });

    test('one at a time: a running rollout must first be paused or rolled back, which ends it', async () => {
      await fleet(2);
      const first = await go({ steps: [ALL] });
      expect(await codeOf(go({ version: '1.2.0' }))).toBe('rollout-running');
      await act(first.id, 'pause');
      const second = await go({ version: '1.2.0', steps: [ALL] });
      expect(await read(first.id)).toMatchObject({ state: 'ended', endedAt: api.now.toISOString() });
      expect(await codeOf(act(first.id, 'resume'))).toBe('rollout-over');
      expect((await directiveOf(kiosks[0]!))?.rollout).toBe(second.id);
      const { items } = await api.ask<{ items: Rollout[] }>('GET', '/api/rollouts');
      expect(items.map((r) => r.version)).toEqual(['1.2.0', '1.1.0']);
    });

    test('and shows its repository’s contents', async () => {
      const shown = await api.ask<Repository>('GET', '/api/builds');
      expect(shown.builds.map((b) => b.version)).toEqual(['1.2.0', '1.1.0', '1.0.0']);
      expect(shown).toMatchObject({ configured: true, problem: null });
      expect(shown.builds[0]).toMatchObject({ platforms: ['linux-x64'], bytes: 50_000 });
      const path = `targets/kiosk/linux-x64/1.2.0`;
      const [file] = readdirSync(join(folder.path, path));
      writeFileSync(join(folder.path, path, file!), 'cut off');
      const after = await api.ask<Repository>('GET', '/api/builds');
      expect(after.builds.map((b) => b.version)).toEqual(['1.1.0', '1.0.0']);
      repository.add('1.2.0');
      configure(null);
      expect(await api.ask<Repository>('GET', '/api/builds')).toMatchObject({ configured: false, builds: [] });
      configure(folder.path);
    });
  });

  describe('continues', () => {
    test('automatically after its soak time if kiosks are healthy, to the end, with each step only adding kiosks', async () => {
      await fleet(8);
      await api.ask('PUT', `/api/devices/${kiosks[0]!.device}/ring`, { body: { ring: 'canary' } });
      const { id } = await go({ steps: STEPS });
      await says(kiosks[0]!, 'update-installed', id);
      expect((await read(id)).counts).toMatchObject({ installing: 1, waiting: 7 });
      await says(kiosks[0]!, 'update-healthy', id);
      await job();
      expect(await read(id)).toMatchObject({ step: 0, waitsFor: 'soak', counts: { healthy: 1 } });
      await pass(4 * HOUR);
      await job();
      expect(await read(id)).toMatchObject({ step: 1 });
      const half = await installing();
      expect(half).toContain(kiosks[0]);
      await pass(4 * HOUR);
      await job();
      // Of this half, only the canary has reported so far.
      expect((await read(id)).step).toBe(half.length <= 2 ? 2 : 1);
      for (const box of half) await says(box, 'update-healthy', id);
      await job();
      expect((await read(id)).step).toBe(2);
      const all = await installing();
      expect(all).toHaveLength(8);
      for (const box of kiosks) await says(box, 'update-healthy', id);
      await job();
      expect(await read(id)).toMatchObject({ state: 'done', counts: { healthy: 8 } });
      const { items } = await api.ask<{ items: RolloutAction[] }>('GET', `/api/rollouts/${id}/history`);
      expect(items.map((a) => [a.what, a.by.length > 10 ? 'account' : a.by])).toEqual([
        ['done', 'server'],
        ['advanced', 'server'],
        ['advanced', 'server'],
        ['started', 'account'],
      ]);
      // A kiosk that joins later gets it too.
      const late = await api.kiosk();
      await job();
      expect((await directiveOf(late))?.version).toBe('1.1.0');
    });

    test('with kiosks on which staff installed the build: they count as healthy once it is not on trial', async () => {
      await fleet(2);
      const [canary, other] = kiosks as [MemoryOutbox, MemoryOutbox];
      await api.ask('PUT', `/api/devices/${canary.device}/ring`, { body: { ring: 'canary' } });
      const runs = async (box: MemoryOutbox, trial: boolean) => {
        const report = JSON.stringify({ version: '1.1.0', slots: { current: '', previous: null, trial } });
        const row = { device: box.device, at: api.now, report };
        await database.db.deleteFrom('device_report').where('device', '=', box.device).execute();
        await database.db.insertInto('device_report').values(row).execute();
      };
      const { id } = await go({ steps: [STEPS[0]!, ALL] });
      await runs(canary, true);
      await pass(4 * HOUR);
      await job();
      expect(await read(id)).toMatchObject({ step: 0, waitsFor: 'verdicts' });
      await runs(canary, false);
      await job();
      expect(await read(id)).toMatchObject({ step: 1, counts: { healthy: 1, notified: 1 } });
      await runs(other, false);
      await job();
      expect(await read(id)).toMatchObject({ state: 'done', counts: { healthy: 2 } });
    });

    test('only manually if it is not automatic', async () => {
      await fleet(4);
      const { id } = await go({ automatic: false, steps: [{ ring: 'all', percent: 50, soakHours: 1 }, ALL] });
      for (const box of await installing()) await says(box, 'update-healthy', id);
      await pass(2 * HOUR);
      await job();
      expect((await read(id)).step).toBe(0);
      expect(await act(id, 'advance')).toMatchObject({ step: 1 });
      expect(await installing()).toHaveLength(4);
      expect(await codeOf(act(id, 'advance'))).toBe('rollout-at-everybody');
    });

    test('not while paused, and kiosks only notified so far get nothing', async () => {
      await fleet(3);
      const { id } = await go({ steps: [ALL] });
      await says(kiosks[0]!, 'update-installed', id);
      await act(id, 'pause');
      expect(await installing()).toEqual([kiosks[0]]);
      expect((await read(id)).counts).toMatchObject({ installing: 1, waiting: 2, notified: 0 });
      await pass(24 * HOUR);
      await job();
      expect(await installing()).toEqual([kiosks[0]]);
      expect(await codeOf(act(id, 'pause'))).toBe('rollout-not-so');
      await act(id, 'resume');
      expect(await installing()).toHaveLength(3);
    });
  });

  describe('stops automatically', () => {
    test('when kiosks went back, notifies no further one, and says how many', async () => {
      await fleet(4);
      for (const { device } of kiosks.slice(0, 3))
        await api.ask('PUT', `/api/devices/${device}/ring`, { body: { ring: 'early' } });
      const { id } = await go({ steps: [{ ring: 'early', percent: 100, soakHours: 1 }, ALL] });
      const reached = await installing();
      const [a, b, c] = reached as [MemoryOutbox, MemoryOutbox, MemoryOutbox];
      await says(a, 'update-rolled-back', id, { reason: 'trial-deadline' });
      await job();
      expect((await read(id)).state).toBe('running');
      await says(c, 'update-installed', id);
      await says(b, 'update-rolled-back', id, { reason: 'build-broken' });
      await job();
      expect(await read(id)).toMatchObject({ state: 'stopped', stopped: { failed: 2, got: 3 } });
      expect(await api.lastAudit()).toMatchObject({ route: 'job rollouts', resource: id });
      // The attention list shows it to the people in charge.
      const waiting = await api.ask<{ items: { kind: string; code: string; ref: string }[] }>('GET', '/api/attention');
      expect(waiting.items.filter((i) => i.kind === 'rollout')).toMatchObject([
        { code: 'rollout-stopped', ref: expect.stringContaining(id) },
      ]);
      // A kiosk in the middle of the update decides for itself; the others are unaffected.
      expect(new Set(await installing())).toEqual(new Set([a, b, c]));
      await pass(48 * HOUR);
      await job();
      expect((await read(id)).step).toBe(0);
      const { items } = await api.ask<{ items: { device: string; state: KioskState; reason: string | null }[] }>(
        'GET',
        `/api/rollouts/${id}/kiosks?state=rolled-back`,
      );
      expect(items.map((k) => [k.device, k.reason]).sort()).toEqual(
        [
          [a.device, 'trial-deadline'],
          [b.device, 'build-broken'],
        ].sort(),
      );
    });

    const waiting = async () =>
      (
        await api.ask<{ items: { kind: string; code: string; ref: string; device: string | null }[] }>(
          'GET',
          '/api/attention',
        )
      ).items.filter((item) => item.kind === 'rollout');

    test('when the only canary went back', async () => {
      await fleet(3);
      const [canary] = kiosks as [MemoryOutbox];
      await api.ask('PUT', `/api/devices/${canary.device}/ring`, { body: { ring: 'canary' } });
      const { id } = await go({ steps: STEPS });
      await says(canary, 'update-installed', id);
      await job();
      expect([(await read(id)).state, await waiting()]).toEqual(['running', []]);
      await says(canary, 'update-rolled-back', id, { reason: 'trial-starts: nothing was shown' });
      await job();
      expect(await read(id)).toMatchObject({ state: 'stopped', stopped: { failed: 1, got: 1 } });
      expect(await waiting()).toMatchObject([{ code: 'rollout-stopped', ref: expect.stringContaining(id) }]);
      // No other kiosk is notified, however much time passes.
      await pass(48 * HOUR);
      await job();
      expect(await installing()).toEqual([canary]);
    });

    test('not for one of several that went back, which appears under Attention', async () => {
      await fleet(2);
      const [bad, good] = kiosks as [MemoryOutbox, MemoryOutbox];
      const { id } = await go({ steps: [ALL] });
      await says(good, 'update-healthy', id);
      await says(bad, 'update-rolled-back', id, { reason: 'trial-deadline: camera' });
      const found = { code: 'rollout-went-back', device: bad.device };
      expect([(await read(id)).state, await waiting()]).toMatchObject(['running', [found]]);
      await job();
      expect([(await read(id)).state, await waiting()]).toMatchObject(['done', [found]]);
      const { kind, ref } = (await waiting())[0]!;
      await api.ask('POST', '/api/attention/resolve', { body: { kind, ref, note: 'the camera was covered' } });
      expect(await waiting()).toEqual([]);
      await act(id, 'roll-back');
      expect(await waiting()).toEqual([]);
    });

    test('not for a kiosk that is off, which is listed as such and gets the build when it returns', async () => {
      await fleet(3);
      const [off, on, other] = kiosks as [MemoryOutbox, MemoryOutbox, MemoryOutbox];
      const { id } = await go({ steps: [ALL] });
      await says(on, 'update-healthy', id);
      await says(other, 'update-healthy', id);
      await job();
      expect(await read(id)).toMatchObject({ state: 'running', waitsFor: 'verdicts' });
      // It isn't in contact for an hour, while the others are.
      api.now = new Date(api.now.getTime() + HOUR + 1);
      const heardOf = [on.device, other.device];
      await database.db.updateTable('device').set({ last_heard_at: api.now }).where('id', 'in', heardOf).execute();
      await job();
      const { state, counts } = await read(id);
      expect([state, counts]).toMatchObject(['done', { 'not-heard': 1, healthy: 2 }]);
      const { items } = await api.ask<{ items: { device: string }[] }>(
        'GET',
        `/api/rollouts/${id}/kiosks?state=not-heard`,
      );
      expect(items).toMatchObject([{ device: off.device }]);
      await heard();
      expect(await directiveOf(off)).toMatchObject({ action: 'install', version: '1.1.0' });
      await says(off, 'update-healthy', id);
      expect((await read(id)).counts).toMatchObject({ healthy: 3 });
    });

    test('not if a step’s kiosks are all off: it waits and says for what', async () => {
      await fleet(2);
      await api.ask('PUT', `/api/devices/${kiosks[0]!.device}/ring`, { body: { ring: 'canary' } });
      const { id } = await go({ steps: STEPS });
      api.now = new Date(api.now.getTime() + 5 * HOUR);
      await job();
      expect(await read(id)).toMatchObject({ state: 'running', step: 0, waitsFor: 'contact' });
    });

    test('when kiosks did not become healthy in time', async () => {
      await fleet(2);
      const { id } = await go({ steps: [ALL] });
      for (const box of kiosks) await says(box, 'update-installed', id);
      await pass(20 * 60_000);
      await job();
      expect((await read(id)).state).toBe('running');
      await pass(6 * 60_000);
      await job();
      expect(await read(id)).toMatchObject({ state: 'stopped', counts: { overdue: 2 } });
    });

    test('and resumes on request, retrying where it failed', async () => {
      await fleet(2);
      const { id } = await go({ steps: [ALL] });
      for (const box of kiosks) await says(box, 'update-rolled-back', id);
      await job();
      await pass(1000);
      expect(await act(id, 'resume', { retry: true })).toMatchObject({ state: 'running', stopped: null });
      await job();
      expect((await read(id)).state).toBe('running');
      expect(await directiveOf(kiosks[0]!)).toMatchObject({ retry: 1, action: 'install' });
      await pass(1000);
      for (const box of kiosks) await says(box, 'update-rolled-back', id);
      await job();
      expect((await read(id)).state).toBe('stopped');
    });
  });

  test('is held by a restore: no kiosk is sent it, it appears under Attention, and it resumes on request', async () => {
    await fleet(2);
    const { id } = await go({ steps: [ALL] });
    await says(kiosks[0]!, 'update-healthy', id);
    const { db } = database;
    await db.updateTable('rollout').set({ state: 'held' }).where('id', '=', id).execute();
    const held = { id: randomUUID(), rollout: id, at: api.now, by: 'server', what: 'held', detail: '{}' };
    await db.insertInto('rollout_action').values(held).execute();
    await job();
    expect(await installing()).toEqual([]);
    const { items } = await api.ask<{ items: { kind: string; code: string }[] }>('GET', '/api/attention');
    expect(items).toContainEqual(expect.objectContaining({ kind: 'rollout', code: 'rollout-held' }));
    expect(await codeOf(act(id, 'pause'))).toBe('rollout-not-so');
    expect(await act(id, 'resume')).toMatchObject({ state: 'running' });
    expect(await installing()).toHaveLength(2);
  });

  test('is rolled back: every notified kiosk leaves that version, and no other one is notified', async () => {
    await fleet(6);
    const { id } = await go({ steps: [{ ring: 'all', percent: 50, soakHours: 1 }, ALL] });
    const reached = await installing();
    if (reached[0]) await says(reached[0], 'update-healthy', id);
    await act(id, 'roll-back');
    for (const box of kiosks)
      expect((await directiveOf(box))?.action ?? null).toBe(reached.includes(box) ? 'rollback' : null);
    for (const box of reached) await says(box, 'update-rolled-back', id, { reason: 'notified' });
    await job();
    expect(await read(id)).toMatchObject({
      state: 'rolled-back',
      stopped: null,
      counts: { 'rolled-back': reached.length },
    });
    expect(await codeOf(act(id, 'roll-back'))).toBe('rollout-not-so');
    expect((await go({ version: '1.2.0' })).state).toBe('running');
  });

  test('a kiosk’s reports count in order of occurrence, and only for existing rollouts and versions', async () => {
    await fleet(1);
    const [box] = kiosks as [MemoryOutbox];
    const { id } = await go({ steps: [ALL] });
    const later = new Date(api.now.getTime() - 1000);
    const earlier = new Date(api.now.getTime() - 60_000);
    await says(box, 'update-healthy', id, {}, later);
    await says(box, 'update-installed', id, {}, earlier);
    expect((await read(id)).counts.healthy).toBe(1);
    await says(box, 'update-rolled-back', randomUUID());
    await says(box, 'update-rolled-back', id, { version: '1.2.0' });
    await says(box, 'update-rolled-back', id, { version: 'not one' });
    box.append('health', { code: 'update-rolled-back', detail: {} }, {});
    await api.deliver(box);
    expect((await read(id)).counts.healthy).toBe(1);
    // All of these are ordinary events: none was quarantined.
    expect(await database.db.selectFrom('quarantine').selectAll().where('device', '=', box.device).execute()).toEqual(
      [],
    );
  });

  test('kiosks get their site’s maintenance window in its local time, and a change reaches them at once', async () => {
    await fleet(1);
    const lisbon = await api.ask<{ id: string }>('POST', '/api/sites', {
      body: { name: `Lisbon ${randomUUID().slice(0, 8)}`, timeZone: 'Europe/Lisbon' },
    });
    kiosks.push(await api.kiosk(lisbon.id));
    await api.ask('PUT', `/api/sites/${SITE.id}/update-window`, { body: { window: { from: '22:00', to: '04:00' } } });
    const { id } = await go({ steps: [ALL] });
    const zones = async () => (await Promise.all(kiosks.map(directiveOf))).map((d) => d?.window);
    expect(await zones()).toEqual([
      { from: '22:00', to: '04:00', zone: 'Europe/Berlin' },
      { from: '22:00', to: '04:00', zone: 'Europe/Lisbon' },
    ]);
    await api.ask('PUT', `/api/sites/${lisbon.id}/update-window`, { body: { window: null } });
    expect((await zones())[1]).toBeNull();
    expect(await api.ask<WindowInForce>('GET', `/api/sites/${lisbon.id}/update-window`)).toEqual({
      own: true,
      window: null,
      timeZone: 'Europe/Lisbon',
    });
    await api.ask('DELETE', `/api/sites/${lisbon.id}/update-window`);
    expect((await zones())[1]).toMatchObject({ from: '22:00' });
    // A kiosk's own hours go before its site's, by the same clock.
    const own = `/api/fleet/${kiosks[1]!.device}/update-window`;
    const set = await api.ask<FleetDetail>('PUT', own, { body: { window: { from: '12:00', to: '13:00' } } });
    expect(set.updateWindow).toEqual({
      own: true,
      window: { from: '12:00', to: '13:00' },
      timeZone: 'Europe/Lisbon',
    });
    expect(await zones()).toEqual([
      { from: '22:00', to: '04:00', zone: 'Europe/Berlin' },
      { from: '12:00', to: '13:00', zone: 'Europe/Lisbon' },
    ]);
    const followed = await api.ask<FleetDetail>('DELETE', own);
    expect(followed.updateWindow).toMatchObject({ own: false, window: { from: '22:00', to: '04:00' } });
    expect((await zones())[1]).toMatchObject({ from: '22:00' });
    await act(id, 'pause');
    await go({ version: '1.2.0', steps: [ALL], urgent: true });
    expect(await zones()).toEqual([null, null]);
  });

  test('rings can be renamed, and a kiosk is in exactly one', async () => {
    await fleet(2);
    const { items } = await api.ask<{ items: Ring[] }>('PATCH', '/api/rings/canary', { body: { name: 'Test bench' } });
    expect(items[0]).toMatchObject({ id: 'canary', name: 'Test bench', count: 0 });
    // When several pages rename it at once, one of the names remains.
    const names = Array.from({ length: 8 }, (_, i) => `Bench ${i}`);
    await api.ask('PATCH', '/api/rings/canary', { body: { name: null } });
    await Promise.all(names.map((name) => api.ask('PATCH', '/api/rings/canary', { body: { name } })));
    const into = (ring: string) => api.ask('PUT', `/api/devices/${kiosks[0]!.device}/ring`, { body: { ring } });
    const rings = async () => (await api.ask<{ items: Ring[] }>('GET', '/api/rings')).items.map((r) => r.count);
    await into('canary');
    expect(await rings()).toEqual([1, 0, 1]);
    await into('early');
    expect(await rings()).toEqual([0, 1, 1]);
    const { ring } = await api.ask<{ ring: object }>('GET', `/api/fleet/${kiosks[0]!.device}`);
    expect(ring).toEqual({ id: 'early', name: null });
    await into('all');
    expect(await rings()).toEqual([0, 0, 2]);
    expect(await codeOf(api.ask('PUT', `/api/devices/${randomUUID()}/ring`, { body: { ring: 'early' } }))).toBe(
      'unknown-device',
    );
  });

  test('two replicas that check at the same moment take one step, and notify each kiosk once', async () => {
    await fleet(4);
    const { id } = await go({ steps: [{ ring: 'all', percent: 50, soakHours: 0 }, ALL] });
    for (const box of await installing()) await says(box, 'update-healthy', id);
    await heard();
    await Promise.allSettled([job(), job(), job()]);
    const { items } = await api.ask<{ items: RolloutAction[] }>('GET', `/api/rollouts/${id}/history`);
    expect(items.filter((a) => a.what === 'advanced').length).toBeLessThanOrEqual(1);
    const rows = await database.db.selectFrom('rollout_device').selectAll().where('rollout', '=', id).execute();
    expect(new Set(rows.map((r) => r.device)).size).toBe(rows.length);
  });
});
