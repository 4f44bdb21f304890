import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AttentionItem } from '../../sync/protocol/api/attention.ts';
import type { FleetDetail, FleetPage, Template } from '../../sync/protocol/api/fleet.ts';
import type { Site } from '../../sync/protocol/api/sites.ts';
import type { DeviceConfig, Inventory } from '../../sync/protocol/wire/fleet.ts';
import { keepReport } from '../../sync/server/app/devices/messages.ts';
import { fleetRegistry } from '../../sync/server/app/health/fleet.ts';
import { revokeDevice } from '../../sync/server/core/devices/registry.ts';
import { republishSettings } from '../../sync/server/core/devices/settings.ts';
import { DEFAULT_SCOPE } from '../../sync/server/core/sites/sites.ts';
import { keepLogs, takeFarewell } from '../../sync/server/features/fleet/commands.ts';
import { fleetAlertsJob, fleetJob } from '../../sync/server/features/fleet/module.ts';
import { windowsOf } from '../../sync/server/features/fleet/rollout/rollouts.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { type Api, newApi } from '../kit/api.ts';
import { codeOf } from '../kit/client.ts';
import { DATABASES } from '../kit/databases.ts';
import { INVENTORY } from '../kit/engine.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { withDatabase } from '../kit/suite.ts';

/** The server's side of the fleet, on both databases: inventory, settings with their history, commands. */

const START = new Date('2026-11-26T08:00:00.000Z');
const WELL: Inventory = { ...INVENTORY, version: '0.2.0' };

describe.each(DATABASES)('the fleet on $name', (kind) => {
  let api: Api;
  withDatabase(kind, async (database, undo) => {
    api = undo.use(await newApi(database, START));
  });
  beforeEach(() => {
    api.now = START;
    api.notified.length = 0;
  });

  /** Registers a kiosk that was in contact a second ago and has reported its inventory. */
  async function kiosk(change: Partial<Inventory> = {}, site: string | null = null): Promise<MemoryOutbox> {
    const box = await api.kiosk(site);
    await report(box, change);
    return box;
  }
  async function report(box: MemoryOutbox, change: Partial<Inventory> = {}): Promise<void> {
    await keepReport(api.db, box.device, { ...WELL, ...change }, api.now);
    await api.db.updateTable('device').set({ last_heard_at: api.now }).where('id', '=', box.device).execute();
  }
  const detail = (box: MemoryOutbox) => api.ask<FleetDetail>('GET', `/api/fleet/${box.device}`);
  const later = (ms: number) => new Date(api.now.getTime() + ms);
  const siteNamed = async (name: string) =>
    (await api.ask<{ id: string }>('POST', '/api/sites', { body: { name, timeZone: 'Europe/Berlin' } })).id;
  const notify = (box: MemoryOutbox, body: object) =>
    api.ask<FleetDetail>('POST', `/api/fleet/${box.device}/commands`, { body });
  /** Returns the changes of this kind that the kiosk gets at its next ask. */
  const notified = (box: MemoryOutbox, kind: string) =>
    api.db
      .selectFrom('device_state')
      .select('body')
      .where('device', '=', box.device)
      .where('kind', '=', kind as never)
      .execute()
      .then((rows) => rows.map((r) => r.body as Record<string, unknown>));

  describe('inventory', () => {
    test('shows each kiosk’s last report and problems, filtered by site, problem, version and name', async () => {
      const site = await siteNamed('Nord');
      const good = await kiosk({}, site);
      const bad = await kiosk({ camera: 'covered', diskFree: 100e6, version: '0.1.0' }, site);
      const page = await api.ask<FleetPage>('GET', `/api/fleet?site=${site}`);
      const of = (box: MemoryOutbox) => page.items.find(({ id }) => id === box.device)!;
      expect(of(good)).toMatchObject({ alerts: [], report: { version: '0.2.0' }, reportAt: START.toISOString() });
      expect(
        of(bad)
          .alerts.map(({ code }) => code)
          .sort(),
      ).toEqual(['camera-bad', 'disk-low', 'old-version']);
      expect(page.summary.alerts).toMatchObject({ 'camera-bad': 1, 'disk-low': 1 });
      expect(page.summary.versions).toMatchObject({ '0.1.0': 1 });
      const ids = async (query: string) =>
        (await api.ask<FleetPage>('GET', `/api/fleet?site=${site}&${query}`)).items.map(({ id }) => id);
      expect(await ids('alert=camera-bad')).toEqual([bad.device]);
      expect(await ids('version=0.2.0')).toEqual([good.device]);
      expect(await ids(`name=${encodeURIComponent(of(bad).name.slice(-6).toUpperCase())}`)).toEqual([bad.device]);
      api.now = later(11 * 60_000);
      expect((await ids('alert=offline')).sort()).toEqual([good.device, bad.device].sort());
    });

    test('of the default site includes exactly the kiosks without another site', async () => {
      const [own, other] = [await kiosk(), await kiosk({}, await siteNamed('West'))];
      const { id } = (await api.ask<{ items: Site[] }>('GET', '/api/sites')).items.find((s) => s.isDefault)!;
      const ids = (await api.ask<FleetPage>('GET', `/api/fleet?site=${id}&limit=200`)).items.map((k) => k.id);
      expect(ids).toContain(own.device);
      expect(ids).not.toContain(other.device);
    });

    test('a problem appears once under Attention and in the metrics, and disappears when fixed', async () => {
      const keep = () => fleetAlertsJob.run({ ...api.services, signal: AbortSignal.timeout(60_000) });
      const box = await kiosk({ camera: 'covered', version: '0.1.0' });
      const items = async (query = '') =>
        (
          await api.ask<{ items: AttentionItem[] }>('GET', `/api/attention?kind=kiosk&limit=200${query}`, {
            as: 'staff',
          })
        ).items.filter(({ device }) => device === box.device);
      const metric = async (code: string) => {
        const text = await (await fleetRegistry(api.db, api.now)).metrics();
        return Number(text.match(new RegExp(`^smartpresence_kiosk_alerts\\{code="${code}"\\} (\\d+)$`, 'm'))?.[1]);
      };
      const [covered, hot] = [await metric('camera-bad'), await metric('hot')];
      expect(covered).toBeGreaterThan(0);
      await keep();
      api.notified.length = 0;
      await keep();
      // A build older than other kiosks' isn't listed here; rollouts handle that.
      expect(await items()).toMatchObject([{ code: 'camera-bad', at: START.toISOString(), person: null }]);
      expect(api.notified).toEqual([]);
      const [{ ref } = { ref: '' }] = await items();
      await api.ask('POST', '/api/attention/resolve', { as: 'staff', body: { kind: 'kiosk', ref, note: 'Uncovered' } });
      expect(await items()).toEqual([]);
      api.now = later(60_000);
      await report(box, { temperature: 91 });
      await keep();
      expect(api.notified).toContain('board');
      expect(await items()).toMatchObject([{ code: 'hot' }]);
      expect(await metric('hot')).toBe(hot + 1);
      expect(await metric('camera-bad')).toBe(covered - 1);
      // The same problem occurring again is a new item, because the note was about the previous one.
      api.now = later(60_000);
      await report(box, { camera: 'covered' });
      await keep();
      expect(await items()).toMatchObject([{ code: 'camera-bad', resolved: null }]);
      // The kiosk's page shows what it has and had, and for how long.
      const problems = async () => (await detail(box)).problems.filter(({ code }) => code !== 'old-version');
      const [first, second, third] = [0, 60_000, 120_000].map((ms) => new Date(START.getTime() + ms).toISOString());
      expect(await problems()).toEqual([
        { code: 'camera-bad', since: third, until: null },
        { code: 'hot', since: second, until: third },
        { code: 'camera-bad', since: first, until: second },
      ]);
      api.now = new Date(START.getTime() + 90 * 24 * 3_600_000 + 60_000);
      await fleetJob.run({ ...api.services, signal: AbortSignal.timeout(60_000) });
      expect((await problems()).map(({ code, until }) => [code, until])).toEqual([
        ['camera-bad', null],
        ['hot', third],
      ]);
      api.now = new Date(third!);
      // A kiosk that was approved just now isn't reported yet.
      const silent = await api.kiosk();
      await api.db.updateTable('device').set({ last_heard_at: null }).where('id', '=', silent.device).execute();
      await keep();
      const codes = async () =>
        (await api.ask<{ items: AttentionItem[] }>('GET', '/api/attention?kind=kiosk&limit=200', { as: 'staff' })).items
          .filter(({ device }) => device === silent.device)
          .map(({ code }) => code);
      expect(await codes()).toEqual([]);
      api.now = later(16 * 60_000);
      expect(await codes()).toEqual(['never-heard']);
    });

    test('is paged without gaps', async () => {
      const site = await siteNamed('Süd');
      const made = [];
      for (let i = 0; i < 5; i++) made.push((await kiosk({}, site)).device);
      const seen: string[] = [];
      for (let cursor = ''; ; ) {
        const page = await api.ask<FleetPage>('GET', `/api/fleet?site=${site}&limit=2${cursor && `&cursor=${cursor}`}`);
        seen.push(...page.items.map(({ id }) => id));
        if (page.next === null) break;
        cursor = page.next;
      }
      expect(seen.sort()).toEqual(made.sort());
    });
  });

  describe('settings', () => {
    const set = (box: MemoryOutbox, settings: DeviceConfig, after: number) =>
      api.ask<FleetDetail>('PUT', `/api/fleet/${box.device}/settings`, { body: { settings, after } });
    const setSite = (site: string, settings: DeviceConfig, after: number) =>
      api.ask<Template>('PUT', `/api/fleet-templates/${site}`, { body: { settings, after } });

    test('of a kiosk override its site’s, and the kiosk gets the result under an increasing number', async () => {
      const site = await siteNamed('Werk');
      const [a, b] = [await kiosk({}, site), await kiosk({}, site)];
      await setSite(site, { theme: 'dark', volume: 40 }, 0);
      expect(await notified(a, 'config')).toEqual([
        { kind: 'config', revision: 1, config: { theme: 'dark', volume: 40 } },
      ]);
      const { effective: sum, template, own } = await set(a, { volume: 80, low: true }, 0);
      expect({ sum, template, own: own.settings }).toEqual({
        sum: { theme: 'dark', volume: 80, low: true },
        template: { theme: 'dark', volume: 40 },
        own: { volume: 80, low: true },
      });
      expect(await notified(a, 'config')).toEqual([
        { kind: 'config', revision: 2, config: { theme: 'dark', volume: 80, low: true } },
      ]);
      expect(api.notified).toContain('change');
      // The site changes a setting that this kiosk overrides, so the kiosk is sent nothing.
      await setSite(site, { theme: 'dark', volume: 20 }, 1);
      expect((await notified(a, 'config'))[0]).toMatchObject({ revision: 2 });
      expect((await notified(b, 'config'))[0]).toMatchObject({ revision: 2, config: { volume: 20 } });
    });

    test('include hours for updates, which go before its site’s and follow it again once removed', async () => {
      const site = await siteNamed('Hafen');
      const [own, other] = [await kiosk({}, site), await kiosk({}, site)];
      await api.ask('PUT', `/api/sites/${site}/update-window`, { body: { window: { from: '22:00', to: '04:00' } } });
      const hours = (box: MemoryOutbox) => `/api/fleet/${box.device}/update-window`;
      const inForce = async (box: MemoryOutbox) => (await windowsOf(api.db))(site, box.device);
      const body = { window: { from: '12:00', to: '13:00' } };
      const set = await api.ask<FleetDetail>('PUT', hours(own), { body });
      expect(set.updateWindow).toEqual({ own: true, ...body, timeZone: 'Europe/Berlin' });
      expect(api.notified).toContain('change');
      expect(await inForce(own)).toEqual({ from: '12:00', to: '13:00', zone: 'Europe/Berlin' });
      expect(await inForce(other)).toMatchObject({ from: '22:00' });
      await api.ask('PUT', hours(own), { body: { window: null } });
      expect(await inForce(own)).toBeNull();
      const { updateWindow } = await api.ask<FleetDetail>('DELETE', hours(own));
      expect(updateWindow).toMatchObject({ own: false, window: { from: '22:00', to: '04:00' } });
      expect(await inForce(own)).toMatchObject({ from: '22:00' });
      expect(await codeOf(api.ask('PUT', hours({ device: randomUUID() } as MemoryOutbox), { body }))).toBe(
        'unknown-device',
      );
    });

    test('record who changed what when, and an older revision is restored as a new one', async () => {
      const box = await kiosk();
      const who = api.actorOf('admin');
      const body = { settings: { name: 'Tor 1' }, after: 0 };
      await api.ask('PUT', `/api/fleet/${box.device}/settings`, { as: who, body });
      api.now = later(60_000);
      await set(box, { name: 'Tor 2' }, 1);
      const back = (revision: number) =>
        api.ask<FleetDetail>('POST', `/api/fleet/${box.device}/settings/revert`, { body: { revision } });
      const { own } = await back(1);
      expect(own.history.map(({ revision, settings, revertedTo }) => [revision, settings.name, revertedTo])).toEqual([
        [3, 'Tor 1', 1],
        [2, 'Tor 2', null],
        [1, 'Tor 1', null],
      ]);
      expect(own.history.at(-1)).toMatchObject({ by: who.id, at: START.toISOString() });
      expect((await back(0)).effective).toEqual({});
      await expect(back(17)).rejects.toMatchObject({ code: 'settings-revision-unknown' });
      // Reverting is audited like every other change.
      expect(await api.lastAudit()).toMatchObject({ route: 'POST /api/fleet/:device/settings/revert', outcome: 'ok' });
    });

    test('are not overwritten unseen, and an unchanged save makes no revision', async () => {
      const box = await kiosk();
      await set(box, { volume: 10 }, 0);
      await expect(set(box, { volume: 20 }, 0)).rejects.toMatchObject({ code: 'settings-changed-meanwhile' });
      expect((await set(box, { volume: 10 }, 1)).own.revision).toBe(1);
    });

    test.each([
      ['a volume of 101', { volume: 101 }],
      ['an unknown theme', { theme: 'pink' }],
      ['an unknown setting', { relay: 'open' }],
      ['an empty name', { name: '' }],
    ])('with %s are refused as a whole', async (_, settings) => {
      const box = await kiosk();
      await expect(set(box, { low: true, ...settings } as DeviceConfig, 0)).rejects.toThrow();
      expect((await detail(box)).own.revision).toBe(0);
      expect(await notified(box, 'config')).toEqual([]);
    });

    test('follow a kiosk to another site, and are sent again to one that is set up again', async () => {
      const [one, two] = [await siteNamed('Eins'), await siteNamed('Zwei')];
      await setSite(one, { language: 'de' }, 0);
      await setSite(two, { language: 'en' }, 0);
      const box = await kiosk({}, one);
      await set(box, { volume: 5 }, 0);
      await api.ask('PATCH', `/api/devices/${box.device}`, { body: { site: two } });
      expect((await notified(box, 'config'))[0]).toMatchObject({ revision: 2, config: { language: 'en', volume: 5 } });
      await inTransaction(api.db, (tx) => republishSettings(tx, box.device, api.now));
      expect((await notified(box, 'config'))[0]).toMatchObject({ revision: 3, config: { language: 'en', volume: 5 } });
    });

    test('of the default site reach kiosks without a site', async () => {
      const box = await kiosk();
      const { items } = await api.ask<{ items: Template[] }>('GET', '/api/fleet-templates');
      const site = items.find(({ isDefault }) => isDefault)!;
      await setSite(site.site, { low: true }, site.revision);
      expect((await detail(box)).effective).toEqual({ low: true });
      expect(
        await api.db.selectFrom('fleet_settings').select('scope').where('scope', '=', DEFAULT_SCOPE).execute(),
      ).toHaveLength(1);
      await setSite(site.site, {}, site.revision + 1);
    });
  });

  describe('a command', () => {
    const answer = async (
      box: MemoryOutbox,
      command: string,
      what: 'restart' | 'logs' | 'wipe' | 'decommission',
      outcome: 'started' | 'done' | 'failed' | 'refused' | 'expired',
      code?: string,
    ) => {
      box.append('command', { command, what, outcome, ...(code !== undefined && { code }) }, {});
      await api.deliver(box);
    };
    const state = async (box: MemoryOutbox) => (await detail(box)).commands[0]!;

    test('is sent until answered, done once, and expires', async () => {
      const box = await kiosk();
      const { commands } = await notify(box, { what: 'restart' });
      const { id } = commands[0]!;
      expect(commands[0]).toMatchObject({ state: 'waiting', expiresAt: later(3_600_000).toISOString() });
      expect(await notified(box, 'command')).toMatchObject([{ id, what: 'restart' }]);
      await expect(notify(box, { what: 'restart' })).rejects.toMatchObject({ code: 'command-waits' });
      await answer(box, id, 'restart', 'started');
      expect(await notified(box, 'command')).toHaveLength(1);
      await answer(box, id, 'restart', 'done');
      expect(await state(box)).toMatchObject({ state: 'done', startedAt: START.toISOString() });
      expect(await notified(box, 'command')).toEqual([]);
      // A later answer changes nothing, nor does one from another kiosk.
      await answer(box, id, 'restart', 'failed', 'late');
      expect(await state(box)).toMatchObject({ state: 'done', code: null });

      const [other] = (await notify(box, { what: 'restart', hours: 2 })).commands;
      await answer(await kiosk(), other!.id, 'restart', 'done');
      expect(await state(box)).toMatchObject({ id: other!.id, state: 'waiting' });
      api.now = later(2 * 3_600_000 + 1);
      expect(await state(box)).toMatchObject({ state: 'expired' });
      api.now = later(3_600_000);
      await fleetJob.run({ ...api.services, signal: AbortSignal.timeout(60_000) });
      expect(await notified(box, 'command')).toEqual([]);
    });

    test('can be cancelled until the kiosk has started it', async () => {
      const box = await kiosk();
      const [asked] = (await notify(box, { what: 'logs' })).commands;
      const takeBack = () => api.ask<FleetDetail>('DELETE', `/api/fleet/${box.device}/commands/${asked!.id}`);
      expect((await takeBack()).commands[0]).toMatchObject({ state: 'withdrawn' });
      // The kiosk is notified that the command has expired, in case it has already read it but not run it.
      expect(await notified(box, 'command')).toMatchObject([{ id: asked!.id, expires: START.toISOString() }]);
      await answer(box, asked!.id, 'logs', 'expired');
      expect(await state(box)).toMatchObject({ state: 'withdrawn' });
      expect(await notified(box, 'command')).toEqual([]);
      await expect(takeBack()).rejects.toMatchObject({ code: 'command-answered' });
    });

    test('that destroys data requires typing the kiosk’s name', async () => {
      const box = await kiosk();
      const { name } = (await detail(box)).kiosk;
      for (const what of ['wipe', 'decommission'])
        for (const typed of [undefined, '', name.toLowerCase(), `${name}x`])
          await expect(notify(box, { what, ...(typed !== undefined && { name: typed }) })).rejects.toMatchObject({
            code: 'command-name-differs',
          });
      const { commands } = await notify(box, { what: 'wipe', name });
      // A lost kiosk may be switched on again weeks later.
      expect(commands[0]).toMatchObject({ what: 'wipe', expiresAt: later(90 * 86_400_000).toISOString() });
    });

    test('to wipe is confirmed only by the farewell message, then revokes the kiosk, and nothing else is sent to it', async () => {
      const box = await kiosk();
      const { name } = (await detail(box)).kiosk;
      const [wipe] = (await notify(box, { what: 'wipe', name })).commands;
      await answer(box, wipe!.id, 'wipe', 'started', 'A'.repeat(43));
      expect((await detail(box)).kiosk).toMatchObject({ leaving: 'wipe', status: 'approved' });
      await expect(notify(box, { what: 'restart' })).rejects.toMatchObject({ code: 'device-leaves' });
      const bye = { device: box.device, command: wipe!.id, what: 'wipe' as const };
      const said = (change: { command?: string; what?: 'decommission' | 'wipe' }) =>
        inTransaction(api.db, (tx) => takeFarewell(tx, { ...bye, ...change }, api.now));
      expect(await said({ command: randomUUID() })).toBe(false);
      expect(await said({ what: 'decommission' })).toBe(false);
      expect(await said({})).toBe(true);
      expect(await said({})).toBe(false);
      const after = await detail(box);
      expect(after.kiosk).toMatchObject({ status: 'revoked', leaving: 'wipe' });
      expect(after.commands[0]).toMatchObject({ state: 'done' });
      expect(await notified(box, 'command')).toEqual([]);
    });

    test('to wipe replaces a waiting decommissioning, and nothing replaces a wipe', async () => {
      const box = await kiosk();
      const { name } = (await detail(box)).kiosk;
      const [slow] = (await notify(box, { what: 'decommission', name })).commands;
      await answer(box, slow!.id, 'decommission', 'started', 'A'.repeat(43));
      await expect(notify(box, { what: 'logs' })).rejects.toMatchObject({ code: 'device-leaves' });
      api.now = later(1000);
      const [wipe] = (await notify(box, { what: 'wipe', name })).commands;
      expect(wipe).toMatchObject({ what: 'wipe', state: 'waiting' });
      await answer(box, slow!.id, 'decommission', 'failed', 'wiped-instead');
      await answer(box, wipe!.id, 'wipe', 'started', 'A'.repeat(43));
      expect(await detail(box)).toMatchObject({
        kiosk: { leaving: 'wipe', status: 'approved' },
        commands: [{ state: 'started' }, { state: 'failed', code: 'wiped-instead' }],
      });
      for (const what of ['decommission', 'wipe'])
        await expect(notify(box, { what, name })).rejects.toMatchObject({ code: 'device-leaves' });
    });

    test('is only for approved kiosks', async () => {
      const box = await kiosk();
      await revokeDevice(api.db, box.device, api.now);
      await expect(notify(box, { what: 'restart' })).rejects.toMatchObject({ code: 'device-not-approved' });
    });
  });

  describe('a log', () => {
    const LINES = '{"at":"2026-11-26T08:00:00.000Z","message":"host: the core is ready"}\n';
    const gz = gzipSync(LINES).toString('base64');
    const keep = (box: MemoryOutbox, command: string, body = gz) =>
      inTransaction(api.db, (tx) => keepLogs(tx, api.keys, box.device, { command, gz: body }, api.now));

    test('is accepted only from the kiosk asked, kept encrypted for seven days, and read by administrators with an audit row', async () => {
      const box = await kiosk();
      const [asked] = (await notify(box, { what: 'logs' })).commands;
      await expect(keep(await kiosk(), asked!.id)).rejects.toMatchObject({ code: 'command-unknown' });
      await expect(keep(box, randomUUID())).rejects.toMatchObject({ code: 'command-unknown' });
      const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024)).toString('base64');
      await expect(keep(box, asked!.id, bomb)).rejects.toMatchObject({ code: 'logs-malformed' });
      await keep(box, asked!.id);
      box.append('command', { command: asked!.id, what: 'logs', outcome: 'done' }, {});
      await api.deliver(box);
      const { log } = (await detail(box)).commands[0]!;
      expect(log).toEqual({
        bytes: LINES.length,
        at: START.toISOString(),
        keptUntil: later(7 * 86_400_000).toISOString(),
      });
      const url = `/api/fleet/${box.device}/logs/${asked!.id}`;
      expect(String(await api.ask('GET', url))).toBe(LINES);
      expect(await api.lastAudit()).toMatchObject({ route: 'GET /api/fleet/:device/logs/:command' });
      const { sealed } = await api.db
        .selectFrom('fleet_log')
        .select('sealed')
        .where('command', '=', asked!.id)
        .executeTakeFirstOrThrow();
      expect(Buffer.from(sealed).includes(gzipSync(LINES).subarray(12))).toBe(false);
      api.now = later(7 * 86_400_000 + 1000);
      await fleetJob.run({ ...api.services, signal: AbortSignal.timeout(60_000) });
      await expect(api.ask('GET', url)).rejects.toMatchObject({ code: 'command-unknown' });
    });
  });
});
