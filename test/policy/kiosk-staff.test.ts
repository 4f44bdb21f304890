import { randomUUID } from 'node:crypto';
import { hash } from '@node-rs/argon2';
import { beforeEach, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { verifyPin } from '../../electron/core/pin/pin-hash.ts';
import type { AttendancePage } from '../../sync/protocol/api/attendance.ts';
import { FleetDetail } from '../../sync/protocol/api/fleet.ts';
import type { PersonHistory } from '../../sync/protocol/api/people.ts';
import { HandedOver, KioskStaffList, type StaffReset } from '../../sync/protocol/api/staff.ts';
import { EmergencyPinMessage } from '../../sync/protocol/api/webhooks.ts';
import { pinPepperId } from '../../sync/protocol/seal/pin-pepper.ts';
import { paperHash } from '../../sync/protocol/seal/technician-code.ts';
import type { Change } from '../../sync/protocol/wire/changes.ts';
import type { Open, Personal, StaffRole } from '../../sync/protocol/wire/event.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { forgetStaff } from '../../sync/server/core/staff/store.ts';
import { countAttention, listAttention } from '../../sync/server/features/attention/items.ts';
import { searchAudit } from '../../sync/server/features/audit/search.ts';
import { fleetDetail } from '../../sync/server/features/fleet/read.ts';
import { messageOf } from '../../sync/server/features/webhooks/message.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { attentionOf } from '../../sync/server/platform/server-module.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { deliverTo, KnownKiosk } from '../kit/known-kiosk.ts';
import { SITE } from '../kit/services.ts';
import { type Opened, OTHER_SITE, withApi } from '../kit/suite.ts';

/* Kiosk staff of the server: what each site's kiosks receive, what a stolen kiosk can do with it, what is kept of a member. */

const NOW = new Date('2026-07-20T10:00:00.000Z');
const SOURCES = attentionOf(MODULES);
type Sent = Extract<Change, { kind: 'staff' }>['staff'];
let opened: Opened;
let api: Api;

describe.each(DATABASES)('kiosk staff of the server, on $name', (on) => {
  withApi(on, { now: NOW, other: true }, (o) => {
    opened = o;
    api = o.api;
  });
  beforeEach(async () => {
    await api.db.deleteFrom('staff_member').execute();
  });

  const kioskAt = (site: string | null) => KnownKiosk.register(opened.database, api.keys, { site });
  const read = (id: string, cursor = '') => opened.api.changesFor(id, { cursor });
  const sentIn = (changes: readonly Change[]): Sent | null =>
    changes.flatMap((c) => (c.kind === 'staff' ? [c.staff] : [])).at(-1) ?? null;
  const sentTo = async (id: string, cursor = '') => sentIn((await read(id, cursor)).changes);
  const add = async (name: string, site: string | null = null, role: StaffRole = 'technician', badge?: string) =>
    HandedOver.parse(await api.ask('POST', '/api/kiosk-staff', { body: { name, role, site, badge } }));
  const remove = (id: string) => api.ask('DELETE', `/api/kiosk-staff/${id}`);
  const reset = async (id: string, body: StaffReset) =>
    HandedOver.parse(await api.ask('POST', `/api/kiosk-staff/${id}/reset`, { body }));
  const codeOf = (asked: Promise<unknown>) =>
    asked.then(
      () => 'ANSWERED',
      (refused: { code: string }) => refused.code,
    );
  const refused = (name: string, site: string | null = null) => codeOf(add(name, site));
  const items = async () => KioskStaffList.parse(await api.ask('GET', '/api/kiosk-staff', { as: 'auditor' })).items;
  const say = async (kiosk: KnownKiosk, open: Open<'staff'>, personal: Personal<'staff'> = {}) => {
    kiosk.box.append('staff', open, personal, NOW);
    await kiosk.send(NOW);
  };
  const pepperOf = async (id: string): Promise<Buffer> => {
    const { changes } = await read(id);
    const found = changes.flatMap((c) => (c.kind === 'pinPeppers' ? c.peppers : []));
    return Buffer.from(found[0]!, 'base64url');
  };
  /** The hash of a member's choice, as a kiosk makes it. */
  const chosen = async (secret: Buffer, pin: string) => ({
    id: randomUUID(),
    pepper: pinPepperId(secret),
    hash: await hash(pin, { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1, secret }),
  });

  test('a site’s kiosks are sent its own staff and those of all sites, as a snapshot and as a delta', async () => {
    const [here, there] = [await kioskAt(null), await kioskAt(OTHER_SITE)];
    const before = await read(there.id);
    expect(sentIn(before.changes)).toEqual([]);
    const everywhere = await add('Everywhere');
    const bonn = await add('Bonn', OTHER_SITE, 'desk');
    const names = (all: Sent | null) => all?.map((t) => t.name);
    expect(names(await sentTo(here.id))).toEqual(['Everywhere']);
    expect(names(await sentTo(there.id))).toEqual(['Everywhere', 'Bonn']);
    expect(names(await sentTo(there.id, before.cursor))).toEqual(['Everywhere', 'Bonn']);
    const [one, two] = (await sentTo(there.id))!;
    expect(one).toMatchObject({ id: everywhere.member.id, role: 'technician', pin: { start: true } });
    expect(one!.factor!.paper).toEqual(
      everywhere.factor!.paper.map((code, i) => ({ n: i + 1, hash: paperHash(code) })),
    );
    expect(two).toMatchObject({ role: 'desk', factor: null });
    // Kiosks check the PIN that was handed over, using the secret that they share.
    expect(await verifyPin(two!.pin!.hash, bonn.pin!, await pepperOf(there.id))).toBe(true);
    // From one site to the other: nothing new to read.
    const at = await read(here.id);
    await remove(bonn.member.id);
    expect((await read(here.id, at.cursor)).changes).toEqual([]);
    // A kiosk that moves gets the others with its next request.
    await api.db.updateTable('device').set({ site: null }).where('id', '=', there.id).execute();
    expect(names(await sentTo(there.id, before.cursor))).toEqual(['Everywhere']);
  });

  test('PIN and secret are shown once and stored encrypted; a removal destroys them, and the name is kept as long as the audit log', async () => {
    const { member, pin, factor } = await add('Kim Öz', null, 'technician', 'BADGE-77');
    const { secret, paper, uri, svg } = factor!;
    expect(uri).toContain(secret);
    expect(svg).toContain('<svg');
    const row = () => api.db.selectFrom('staff_member').selectAll().executeTakeFirst();
    const dump = Buffer.concat([Buffer.from((await row())!.name), Buffer.from((await row())!.sealed!)]).toString(
      'latin1',
    );
    for (const one of ['Kim', 'BADGE', 'argon2', secret, pin!, ...paper, ...paper.map(paperHash)])
      expect(dump).not.toContain(one);
    const shown = JSON.stringify(await items());
    for (const one of ['BADGE', secret, pin!, ...paper, paperHash(paper[0]!)]) expect(shown).not.toContain(one);
    expect((await items())[0]).toMatchObject({ pin: 'start', badge: true, paperLeft: 5 });
    expect(await api.lastAudit()).toMatchObject({ action: 'read', route: 'GET /api/kiosk-staff' });
    const gone = await remove(member.id);
    expect(KioskStaffList.parse(gone).items[0]).toMatchObject({ name: 'Kim Öz', removedAt: NOW.toISOString() });
    expect((await row())!.sealed).toBeNull();
    expect(await codeOf(remove(member.id))).toBe('staff-unknown');
    expect(await codeOf(reset(member.id, { what: 'pin' }))).toBe('staff-unknown');
    const forget = (days: number) =>
      inTransaction(api.db, (tx) => forgetStaff(tx, new Date(NOW.getTime() + days * 86_400_000)));
    expect(await forget(399)).toBe(0);
    expect(await forget(401)).toBe(1);
    expect(await items()).toEqual([]);
  });

  test('names are unique among overlapping sites, a badge belongs to one member, and no kiosk is sent more members than it accepts', async () => {
    await add('Kim', OTHER_SITE, 'desk', 'B-1');
    await add('Kim', SITE.id, 'desk', 'B-1'); // at another site
    expect(await refused('KIM')).toBe('staff-exists');
    expect(await codeOf(add('Lou', null, 'desk', 'b-1'))).toBe('staff-badge-taken');
    expect(await refused('Lou', randomUUID())).toBe('unknown-site');
    // Written as rows, since each PIN takes its time.
    const [kim] = await api.db.selectFrom('staff_member').selectAll().execute();
    const id = (await items()).find((one) => one.site === OTHER_SITE)!.id;
    expect(await codeOf(reset(id, { what: 'factor' }))).toBe('staff-no-factor');
    expect(kim).toBeDefined();
  });

  test('a new PIN, badge or second factor replaces the previous one at every kiosk', async () => {
    const kiosk = await kioskAt(null);
    const { member } = await add('Kim', null, 'technician', 'B-1');
    const [before] = (await sentTo(kiosk.id))!;
    const { pin } = await reset(member.id, { what: 'pin' });
    const { factor } = await reset(member.id, { what: 'factor' });
    await reset(member.id, { what: 'badge', badge: null });
    const [after] = (await sentTo(kiosk.id))!;
    expect(after).toMatchObject({ badge: null, pin: { start: true } });
    expect(after!.pin!.id).not.toBe(before!.pin!.id);
    expect(after!.factor!.secret).not.toBe(before!.factor!.secret);
    expect(after!.factor!.paper[0]!.hash).toBe(paperHash(factor!.paper[0]!));
    expect(await verifyPin(after!.pin!.hash, pin!, await pepperOf(kiosk.id))).toBe(true);
  });

  test('a PIN chosen at one kiosk works at the others, unless it was reset in between', async () => {
    const [one, other] = [await kioskAt(null), await kioskAt(OTHER_SITE)];
    const { member } = await add('Kim', null, 'desk');
    const pepper = await pepperOf(one.id);
    const own = await chosen(pepper, '604815');
    const { cursor } = await read(other.id);
    const [start] = (await sentTo(one.id))!;
    const choose = (value: typeof own, replaces: string) =>
      say(
        one,
        { by: member.id, what: 'pin', outcome: 'done', member: member.id },
        { name: 'Kim', pin: { ...value, replaces } },
      );
    await choose(own, start!.pin!.id);
    expect((await sentTo(other.id, cursor))![0]!.pin).toEqual({ ...own, start: false });
    expect((await items())[0]!.pin).toBe('own');
    // What a kiosk sends about a PIN that is no longer a start PIN changes nothing: the kiosk may be stolen.
    await choose(await chosen(pepper, '999990'), own.id);
    expect((await sentTo(other.id))![0]!.pin!.id).toBe(own.id);
    await reset(member.id, { what: 'pin' });
    await choose(await chosen(pepper, '999990'), start!.pin!.id);
    expect((await sentTo(other.id))![0]!.pin!.start).toBe(true);
    // Neither name nor hash is kept in the event log.
    const rows = await api.db.selectFrom('event').select('personal').where('type', '=', 'staff').execute();
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every(({ personal }) => personal === null)).toBe(true);
  });

  test('a kiosk of another site can’t change a site’s staff member', async () => {
    const [here, there] = [await kioskAt(SITE.id), await kioskAt(OTHER_SITE)];
    const { member } = await add('Kim', SITE.id, 'technician');
    const [start] = (await sentTo(here.id))!;
    const own = await chosen(await pepperOf(there.id), '999990');
    await say(
      there,
      { by: member.id, what: 'pin', outcome: 'done', member: member.id },
      { pin: { ...own, replaces: start!.pin!.id } },
    );
    await say(there, { by: member.id, what: 'enter', outcome: 'done', member: member.id, code: 'paper', paper: 1 });
    expect((await sentTo(here.id))![0]).toEqual(start);
  });

  test('a paper code reported as used is sent to no kiosk any more, and a repeated report counts once', async () => {
    const [one, other] = [await kioskAt(null), await kioskAt(OTHER_SITE)];
    const { member } = await add('Kim');
    const { cursor } = await read(other.id);
    const use = (kiosk: KnownKiosk, id: string, paper: number) =>
      say(kiosk, { by: id, what: 'enter', outcome: 'done', code: 'paper', member: id, paper }, { name: 'Kim' });
    const left = (all: Sent | null) => all?.[0]?.factor?.paper.map(({ n }) => n);
    await use(one, member.id, 4);
    expect(left(await sentTo(other.id, cursor))).toEqual([1, 2, 3, 5]);
    expect((await items())[0]!.paperLeft).toBe(4);
    const at = await read(other.id);
    // The other was offline meanwhile and accepted it too. Both records are kept, and there is nothing more to send.
    await use(other, member.id, 4);
    expect(sentIn((await read(other.id, at.cursor)).changes)).toBeNull();
    // For a person the server never had, or one that was removed, it changes nothing.
    await use(one, randomUUID(), 1);
    await remove(member.id);
    await use(one, member.id, 1);
    expect(await sentTo(one.id)).toEqual([]);
  });

  test('a stolen kiosk’s reports about staff grant no role and restore no code', async () => {
    const kiosk = await kioskAt(null);
    const { member } = await add('Kim');
    const { id } = member;
    const send = (open: object, personal: object = { name: 'Mallory' }) =>
      kiosk.box.append('staff', open as never, personal as never, NOW);
    send({ what: 'added', outcome: 'done', member: id, role: 'supervisor' });
    send({ what: 'removed', outcome: 'done', member: id });
    const ghost = randomUUID();
    send({ what: 'added', outcome: 'done', member: ghost, role: 'supervisor' });
    send({ what: 'enter', outcome: 'done', by: id, member: id, paper: 9 });
    send({ what: 'enter', outcome: 'done', by: id, member: id, paper: 'all' });
    send({ what: 'enter', outcome: 'done', by: id, member: id, secret: 'A'.repeat(27) });
    await kiosk.send(NOW);
    expect(await sentTo(kiosk.id)).toEqual([expect.objectContaining({ id, name: 'Kim', role: 'technician' })]);
    expect((await sentTo(kiosk.id))![0]!.factor!.paper).toHaveLength(5);
    const kept = await api.db.selectFrom('quarantine').select('reason').where('device', '=', kiosk.id).execute();
    expect(kept.map((r) => r.reason)).toEqual(Array(3).fill('event-malformed'));
    // A member it claims to have added is listed as its own, and unlocks nothing else.
    expect((await items()).find((one) => one.id === ghost)).toMatchObject({ kiosk: { id: kiosk.id }, pin: null });
    expect(await codeOf(reset(ghost, { what: 'pin' }))).toBe('staff-of-kiosk');
    expect(await codeOf(remove(ghost))).toBe('staff-of-kiosk');
  });

  test('staff actions at a kiosk appear on its page by name; use of the emergency PIN is marked, and appears under Attention', async () => {
    const kiosk = await kioskAt(null);
    const { member } = await add('Kim', null, 'desk');
    const local = randomUUID();
    await say(kiosk, { what: 'added', outcome: 'done', member: local, role: 'desk' }, { name: 'Lou of the door' });
    kiosk.box.append('health', { code: 'door-tested', detail: {}, by: local } as never, {}, NOW);
    kiosk.box.append('health', { code: 'door-tested', detail: {} }, {}, NOW); // about nobody: not in the list
    await kiosk.send(NOW);
    await say(kiosk, { by: member.id, what: 'enter', outcome: 'done', member: member.id });
    await say(kiosk, { by: 'emergency', what: 'enter', outcome: 'done' });
    const { staff } = FleetDetail.parse(await fleetDetail(api.db, api.keys, kiosk.id, NOW));
    expect(staff.map(({ what, by, member: about }) => [what, by, about]).reverse()).toEqual([
      ['added', null, 'Lou of the door'],
      ['door-tested', { emergency: false, name: 'Lou of the door' }, null],
      ['enter', { emergency: false, name: 'Kim' }, null],
      ['enter', { emergency: true, name: null }, null],
    ]);
    expect((await countAttention(api.db, SOURCES, ['kiosk'], NOW)).kinds).toEqual({ kiosk: 1 });
    const items = await listAttention(
      api.db,
      api.keys,
      SOURCES,
      { kinds: ['kiosk'], state: 'open', scope: null, sort: '-at', limit: 10, after: null },
      NOW,
    );
    expect(items).toEqual([expect.objectContaining({ code: 'emergency-pin-used', device: kiosk.id })]);
  });

  test('staff changes to people show the member’s name on the record, on the person’s page, and as the actor of one audit row per batch', async () => {
    const kiosk = await kioskAt(null);
    const { member } = await add('Kim', null, 'supervisor');
    const by = member.id;
    const [ada, eve, bob] = [randomUUID(), randomUUID(), randomUUID()];
    const append = (...[type, open, personal]: Parameters<typeof kiosk.box.append>) =>
      kiosk.box.append(type, open, personal, NOW).header.id;
    const arrive = { direction: 'in', liveness: 'not-needed' } as const;
    for (const [person, name] of [
      [ada, 'Ada'],
      [eve, 'Eve'],
    ] as const) {
      append('person', { change: 'added', by }, { person, name });
      append('consent', { action: 'given', textVersion: '1', language: 'en', by }, { person });
    }
    append('person', { change: 'added' }, { person: bob, name: 'Bob' }); // about nobody
    const byHand = append('checkin', { ...arrive, method: 'manual', by }, { person: ada, reason: 'no face' });
    const own = append('checkin', { ...arrive, method: 'badge' }, { person: bob });
    append('void', { target: byHand, reason: 'staff', by: 'emergency' }, { person: ada });
    const before = Number((await api.lastAudit()).position);
    await kiosk.send(NOW);
    const rows = async () =>
      (await searchAudit(api.db, api.keys, { route: 'at the kiosk' }, { limit: 50 })).items
        .filter(({ position }) => position > before)
        .map(({ role, actor, name, action, resource, data, count }) => [
          role,
          actor,
          name,
          action,
          resource,
          data,
          count,
        ]);
    const written = [
      ['emergency-pin', null, null, 'write', kiosk.id, ['attendance'], 1],
      ['kiosk-staff', by, 'Kim', 'write', kiosk.id, ['attendance', 'consent', 'person'], 2],
    ];
    expect(await rows()).toEqual(written);
    const ofAda = await searchAudit(api.db, api.keys, { affected: ada, role: 'kiosk-staff' }, { limit: 50 });
    expect(ofAda.items).toHaveLength(1);
    expect((await searchAudit(api.db, api.keys, { affected: bob, role: 'kiosk-staff' }, { limit: 50 })).items).toEqual(
      [],
    );
    // A resent event is not a second action.
    const events = kiosk.box.events.filter((e) => e.header.epoch === kiosk.box.epoch);
    await deliverTo(api.db, api.keys, kiosk.box, events, { first: 1, now: NOW });
    expect(await rows()).toEqual(written);

    const { items: records } = await api.ask<z.infer<typeof AttendancePage>>('GET', '/api/attendance?limit=200');
    const kim = { emergency: false, name: 'Kim' };
    expect(records.find((r) => r.id === byHand)).toMatchObject({ by: kim, voidedBy: { emergency: true, name: null } });
    expect(records.find((r) => r.id === own)).toMatchObject({ by: null, voidedBy: null });
    const staffOf = async (person: string) => {
      const { items } = await api.ask<PersonHistory>('GET', `/api/people/${person}/history`);
      return items
        .filter(({ by }) => by !== null)
        .map((one) => [`${one.what}-${one.change}`, one.by, one.device])
        .sort();
    };
    expect(await staffOf(ada)).toEqual([
      ['consent-given', kim, kiosk.id],
      ['person-added', kim, kiosk.id],
    ]);
    expect(await staffOf(bob)).toEqual([]);

    // Who deleted someone is in the audit log too, as a deletion. A forgotten member is removed from the row.
    append('person', { change: 'deleted', by }, { person: eve });
    await kiosk.send(NOW);
    expect((await rows())[0]).toEqual(['kiosk-staff', by, 'Kim', 'delete', kiosk.id, ['person'], 1]);
    await api.db.deleteFrom('staff_member').execute();
    expect((await rows())[0]).toEqual(['kiosk-staff', by, null, 'delete', kiosk.id, ['person'], 1]);
  });

  test('each use of the emergency PIN is sent to webhooks once, and nothing else is', async () => {
    await api.db
      .insertInto('webhook')
      .values({
        id: randomUUID(),
        name: 'Alarm',
        site: null,
        with_number: false,
        enabled: true,
        disabled_because: null,
        sealed: Buffer.alloc(1),
        row_version: 1,
        created_at: NOW,
        paused_until: null,
        log: randomUUID(),
        position: 0,
      })
      .execute();
    const kiosk = await kioskAt(null);
    const { member } = await add('Kim', null, 'desk');
    const use = kiosk.box.append('staff', { by: 'emergency', what: 'enter', outcome: 'done' }, {}, NOW).header.id;
    const shell = { by: 'emergency', what: 'enter', outcome: 'done', code: 'command-line' } as const;
    const atMachine = kiosk.box.append('staff', shell, {}, NOW).header.id;
    kiosk.box.append('staff', { by: 'emergency', what: 'leave', outcome: 'done' }, {}, NOW);
    kiosk.box.append('staff', { by: member.id, what: 'enter', outcome: 'done', member: member.id }, {}, NOW);
    await kiosk.send(NOW);
    const events = kiosk.box.events.filter((e) => e.header.epoch === kiosk.box.epoch);
    await deliverTo(api.db, api.keys, kiosk.box, events, { first: 1, now: NOW });
    const due = await api.db.selectFrom('webhook_delivery').selectAll().orderBy('id').execute();
    expect(due.map(({ kind, subject, state }) => [kind, subject, state])).toEqual([
      ['emergency-pin.used', use, 'due'],
      ['emergency-pin.used', atMachine, 'due'],
    ]);
    const bodies = await Promise.all(
      due.map(async (one) =>
        EmergencyPinMessage.parse(
          (await messageOf(api.db, api.keys, one, { with_number: false, topics: [], site: null }, NOW))?.body,
        ),
      ),
    );
    expect(bodies.map(({ data }) => [data.id, data.device, data.deviceName, data.at, data.where])).toEqual([
      [use, kiosk.id, 'Door', NOW.toISOString(), 'screen'],
      [atMachine, kiosk.id, 'Door', NOW.toISOString(), 'command-line'],
    ]);
  });
});
