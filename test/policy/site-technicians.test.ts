import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { AddedTechnician, TechnicianList } from '../../sync/protocol/api/technicians.ts';
import { paperHash } from '../../sync/protocol/seal/technician-code.ts';
import type { Change } from '../../sync/protocol/wire/changes.ts';
import { inTransaction } from '../../sync/server/database/retry.ts';
import { forgetTechnicians } from '../../sync/server/technicians/store.ts';
import { DATABASES } from '../services/databases.ts';
import { type Api, SITE } from './api-kit.ts';
import { KioskOfServer } from './server-kiosk.ts';
import { type Opened, OTHER_SITE, told, withApi } from './sites-kit.ts';

/* Technicians of the server: what kiosks of which site are told, what a stolen kiosk can do with it, and what is left of one. */

const NOW = new Date('2026-07-20T10:00:00.000Z');
type Told = Extract<Change, { kind: 'technicians' }>['technicians'];
let opened: Opened;
let api: Api;

describe.each(DATABASES)('technicians of the server, on $name', (on) => {
  withApi(on, { now: NOW, other: true }, (o) => {
    opened = o;
    api = o.api;
  });
  beforeEach(async () => {
    await api.db.deleteFrom('technician').execute();
  });

  const kioskAt = (site: string | null) => KioskOfServer.at(opened.database, api.keys, site);
  const read = (id: string, cursor = '', version = 3) => told(opened, id, { cursor, version });
  const toldIn = (changes: readonly Change[]): Told | null =>
    changes.flatMap((c) => (c.kind === 'technicians' ? [c.technicians] : [])).at(-1) ?? null;
  const toldTo = async (id: string, cursor = '') => toldIn((await read(id, cursor)).changes);
  const add = async (name: string, site: string | null = null) =>
    AddedTechnician.parse(await api.ask('POST', '/api/technicians', { body: { name, site } }));
  const remove = (id: string) => api.ask('DELETE', `/api/technicians/${id}`);
  const codeOf = (asked: Promise<unknown>) =>
    asked.then(
      () => 'ANSWERED',
      (refused: { code: string }) => refused.code,
    );
  const refused = (name: string, site: string | null = null) => codeOf(add(name, site));
  const items = async () => TechnicianList.parse(await api.ask('GET', '/api/technicians', { as: 'auditor' })).items;

  test('each site’s kiosks are told its own and those of all, as a snapshot and as a delta', async () => {
    const [here, there] = [await kioskAt(null), await kioskAt(OTHER_SITE)];
    const before = await read(there.id);
    expect(toldIn(before.changes)).toEqual([]);
    const everywhere = await add('Everywhere');
    const bonn = await add('Bonn', OTHER_SITE);
    const names = (all: Told | null) => all?.map((t) => t.name);
    expect(names(await toldTo(here.id))).toEqual(['Everywhere']);
    expect(names(await toldTo(there.id))).toEqual(['Everywhere', 'Bonn']);
    expect(names(await toldTo(there.id, before.cursor))).toEqual(['Everywhere', 'Bonn']);
    const [one] = (await toldTo(there.id))!;
    expect(one).toMatchObject({ id: everywhere.technician.id });
    expect(one!.paper).toEqual(everywhere.paper.map((code, i) => ({ n: i + 1, hash: paperHash(code) })));
    // Of one site, to the other: nothing new to read.
    const at = await read(here.id);
    await remove(bonn.technician.id);
    expect((await read(here.id, at.cursor)).changes).toEqual([]);
    // A kiosk that moves gets the others with its next ask.
    await api.db.updateTable('device').set({ site: null }).where('id', '=', there.id).execute();
    expect(names(await toldTo(there.id, before.cursor))).toEqual(['Everywhere']);
  });

  test.each([1, 2])('a kiosk of version %i, which would refuse the page, is told of none', async (version) => {
    const kiosk = await kioskAt(null);
    const before = await read(kiosk.id, '', version);
    await add('Kim');
    const after = await read(kiosk.id, before.cursor, version);
    expect(toldIn([...before.changes, ...after.changes])).toBeNull();
    expect(toldIn((await read(kiosk.id, after.cursor, 3)).changes)).toHaveLength(1);
  });

  test('the secret is told once, and lies sealed; a removal destroys it, and the name goes after 90 days', async () => {
    const { technician, secret, paper, uri, svg } = await add('Kim Öz');
    expect(uri).toContain(secret);
    expect(svg).toContain('<svg');
    const row = () => api.db.selectFrom('technician').selectAll().executeTakeFirst();
    const dump = Buffer.concat([Buffer.from((await row())!.name), Buffer.from((await row())!.sealed!)]).toString(
      'latin1',
    );
    for (const one of ['Kim', secret, ...paper, ...paper.map(paperHash)]) expect(dump).not.toContain(one);
    const shown = JSON.stringify(await items());
    for (const one of [secret, ...paper, paperHash(paper[0]!)]) expect(shown).not.toContain(one);
    expect(await api.lastAudit()).toMatchObject({ action: 'read', route: 'GET /api/technicians' });
    const gone = await remove(technician.id);
    expect(TechnicianList.parse(gone).items[0]).toMatchObject({ name: 'Kim Öz', removedAt: NOW.toISOString() });
    expect((await row())!.sealed).toBeNull();
    expect(await codeOf(remove(technician.id))).toBe('technician-unknown');
    const forget = (days: number) =>
      inTransaction(api.db, (tx) => forgetTechnicians(tx, new Date(NOW.getTime() + days * 86_400_000)));
    expect(await forget(89)).toBe(0);
    expect(await forget(91)).toBe(1);
    expect(await items()).toEqual([]);
  });

  test('names meet where sites do, and no kiosk is told more than it takes', async () => {
    await add('Kim', OTHER_SITE);
    await add('Kim', SITE.id);
    expect(await refused('KIM')).toBe('technician-exists');
    expect(await refused('Lou', randomUUID())).toBe('unknown-site');
    for (let i = 0; i < 10; i++) await add(`B ${i}`, OTHER_SITE);
    for (let i = 0; i < 9; i++) await add(`E ${i}`);
    expect(await refused('one more')).toBe('technicians-too-many');
    expect(await refused('one more', OTHER_SITE)).toBe('technicians-too-many');
    // The other site has room still.
    await add('one more', SITE.id);
    expect(await toldTo((await kioskAt(OTHER_SITE)).id)).toHaveLength(20);
  });

  test('a code on paper that a kiosk says was used is told to no kiosk any more; told twice, it was one', async () => {
    const [one, other] = [await kioskAt(null), await kioskAt(OTHER_SITE)];
    const { technician } = await add('Kim');
    const { cursor } = await read(other.id);
    const use = async (kiosk: KioskOfServer, technicianId: string, paper: number) => {
      const open = { what: 'enter', outcome: 'done', code: 'paper', technician: technicianId, paper } as const;
      kiosk.box.append('technician', open, { name: 'Kim' }, NOW);
      await kiosk.send(NOW);
    };
    const left = (all: Told | null) => all?.[0]?.paper.map(({ n }) => n);
    await use(one, technician.id, 4);
    expect(left(await toldTo(other.id, cursor))).toEqual([1, 2, 3, 5]);
    expect((await items())[0]!.paperLeft).toBe(4);
    const at = await read(other.id);
    // The other was offline meanwhile, and took it too: both records stay, and there is nothing more to tell.
    await use(other, technician.id, 4);
    expect(toldIn((await read(other.id, at.cursor)).changes)).toBeNull();
    // Of somebody whom the server never had, or who is gone, it changes nothing.
    await use(one, randomUUID(), 1);
    await remove(technician.id);
    await use(one, technician.id, 1);
    expect(await toldTo(one.id)).toEqual([]);
  });

  test('what a stolen kiosk says of technicians adds none and gives back no code', async () => {
    const kiosk = await kioskAt(null);
    const { technician } = await add('Kim');
    const say = (open: object) => kiosk.box.append('technician', open as never, { name: 'Mallory' }, NOW);
    const id = technician.id;
    say({ what: 'enrolled', outcome: 'done', technician: id });
    say({ what: 'removed', outcome: 'done', technician: id });
    say({ what: 'enrolled', outcome: 'done', technician: randomUUID() });
    say({ what: 'enter', outcome: 'done', technician: id, paper: 9 });
    say({ what: 'enter', outcome: 'done', technician: id, paper: 'all' });
    say({ what: 'enter', outcome: 'done', technician: id, secret: 'A'.repeat(27) });
    await kiosk.send(NOW);
    expect(await toldTo(kiosk.id)).toEqual([expect.objectContaining({ id, name: 'Kim', paper: expect.any(Array) })]);
    expect((await toldTo(kiosk.id))![0]!.paper).toHaveLength(5);
    const kept = await api.db.selectFrom('quarantine').select('reason').where('device', '=', kiosk.id).execute();
    expect(kept.map((r) => r.reason)).toEqual(Array(3).fill('event-malformed'));
  });
});
