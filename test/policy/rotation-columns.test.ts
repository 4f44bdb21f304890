import { randomBytes, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import { advanceRotation, beginRotation } from '../../sync/server/app/key-rotation/rotate.ts';
import { type SealedTable, sealedTables } from '../../sync/server/app/key-rotation/sealed.ts';
import { leftOver } from '../../sync/server/app/key-rotation/verify.ts';
import { pageOf } from '../../sync/server/app/key-rotation/walk.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { confirmTotp, offerTotp } from '../../sync/server/core/accounts/credentials.ts';
import { keepPin } from '../../sync/server/core/credentials/pins.ts';
import { keepPhotos } from '../../sync/server/core/templates/photos.ts';
import { keepCase } from '../../sync/server/core/templates/waiting.ts';
import { addUpload, beginImport, importPlace } from '../../sync/server/features/enrolment/imports/runs.ts';
import { keepLogs } from '../../sync/server/features/fleet/commands.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { sealHalf } from '../../sync/server/platform/keys/personal.ts';
import { type PersonBox, personBox } from '../../sync/server/platform/keys/persons.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { DATABASES } from '../kit/databases.ts';
import { newPair } from '../kit/keys.ts';
import { KnownKiosk } from '../kit/known-kiosk.ts';
import { newListener, type PeopleListener, type Visitor } from '../kit/listener.ts';
import { personValues } from '../kit/person.ts';
import { withDatabase } from '../kit/suite.ts';
import { openedByPair, openRing } from './sealed-people.ts';

const { environment: SEALED, persons: OF_PERSONS } = sealedTables(MODULES);

/**
 * Each column that holds envelopes, filled by the product's own code, through a rotation with `--re-encrypt`. Everything reads as
 * before, and neither the old environment keys nor anyone's old key opens any of it. A registered column that is not filled here
 * fails the test.
 */

const SAID = {
  incident: 'Laptop left on a train',
  entry: 'Called the police',
  url: 'https://payroll.example/hook',
  hold: 'Dispute of last spring',
  log: 'host: the core is ready',
  kioskStaff: 'Kim of the cables',
  basis: 'Forms in the cupboard',
  file: 'portrait-of-ada.jpg',
  list: 'Ada of the list',
  guardian: 'Robin the guardian',
  parent: 'Kim the parent',
  complaint: 'I was not there',
  note: 'Seen, and right',
  nobody: 'Nobody’s, looked at',
  reason: 'Door was open',
  badge: 'BADGE-7711',
} as const;

/** As made by a kiosk: argon2id, 32 bytes. */
const PIN_HASH = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'B'.repeat(43)}`;

describe.each(DATABASES)('every sealed column on $name', (kind) => {
  let database: OpenDatabase;
  let web: PeopleListener;
  let renewed: PeopleListener | null = null;
  let admin: Visitor;
  let person: string;
  let young: string;
  /** Addresses that show what was written, and the role that requests them. */
  const shownAt: { url: string; texts: readonly string[]; as: 'admin' | 'person' | 'young' }[] = [];

  withDatabase(kind, async (opened, undo) => {
    database = opened;
    undo.defer(() => renewed?.close());
    web = undo.use(await newListener(database, { start: new Date() }));
    admin = await web.signIn('admin');
    await fill();
  });

  async function fill(): Promise<void> {
    const { db, keys, now } = web;
    const ok = async (method: 'POST' | 'PUT', url: string, body?: unknown, as: Visitor = admin) => {
      const answer = await web.ask(as, method, url, body);
      expect([url, answer.status, answer.text.slice(0, 200)]).toEqual([
        url,
        expect.toBeOneOf([200, 201, 204]),
        expect.anything(),
      ]);
      return answer.json() as Record<string, never>;
    };

    // About nobody: accounts, incidents, webhooks, holds, kiosk logs, what a kiosk is given, imports.
    const account = (admin as Visitor & { id: string }).id;
    await inTransaction(db, async (tx) => {
      const row = () => tx.selectFrom('account').selectAll().where('id', '=', account).executeTakeFirstOrThrow();
      const secret = await offerTotp(tx, keys, await row());
      const other = { hash: Buffer.alloc(32) } as never;
      expect(await confirmTotp(tx, keys, await row(), web.codeOf(secret), now, other)).toHaveLength(10);
      await offerTotp(tx, keys, await row());
    });
    // A person who activates a new second factor has to sign in again elsewhere.
    admin = await web.signIn('admin', account);
    const incident = await ok('POST', '/api/incidents', {
      ...{ title: SAID.incident, description: 'x', severity: 'high', foundAt: now.toISOString() },
      data: ['person.name'],
    });
    await ok('POST', `/api/incidents/${incident.id}/notes`, { text: SAID.entry });
    shownAt.push({ url: `/api/incidents/${incident.id}`, texts: [SAID.incident, SAID.entry], as: 'admin' });
    await ok('POST', '/api/kiosk-staff', { name: SAID.kioskStaff, role: 'technician', site: null });
    shownAt.push({ url: '/api/kiosk-staff', texts: [SAID.kioskStaff], as: 'admin' });
    await ok('POST', '/api/webhooks', { name: 'Payroll', url: SAID.url, site: null, withNumber: false });
    shownAt.push({ url: '/api/webhooks', texts: [SAID.url], as: 'admin' });
    const kiosk = await KnownKiosk.register(database, keys);
    const { commands } = (await ok('POST', `/api/fleet/${kiosk.id}/commands`, { what: 'logs' })) as never as {
      commands: { id: string }[];
    };
    const command = commands[0]!.id;
    const gz = gzipSync(`${JSON.stringify({ at: now.toISOString(), message: SAID.log })}\n`).toString('base64');
    await inTransaction(db, (tx) => keepLogs(tx, keys, kiosk.id, { command, gz }, now));
    shownAt.push({ url: `/api/fleet/${kiosk.id}/logs/${command}`, texts: [SAID.log], as: 'admin' });
    const pending = await KnownKiosk.register(database, keys);
    const fingerprint = 'aaaa-bbbb';
    await db.updateTable('device').set({ status: 'pending', fingerprint }).where('id', '=', pending.id).execute();
    await ok('POST', `/api/devices/${pending.id}/approve`, { fingerprint });

    // About people.
    const named = personValues('rotated');
    person = String((await ok('POST', '/api/people', named)).id);
    young = String((await ok('POST', '/api/people', { name: 'Young Rotated', number: 'N-7712', language: 'en' })).id);
    await ok('POST', `/api/people/${person}/badges`, { number: SAID.badge });
    await ok('POST', `/api/people/${young}/pin-code`);
    const { id: pepper } = await db
      .selectFrom('keyring.server_key')
      .select('id')
      .where('purpose', '=', 'pin')
      .executeTakeFirstOrThrow();
    const pin = { id: v7(), pepper, hash: PIN_HASH };
    const statement = { person, device: kiosk.id, change: 'set', pin } as const;
    expect(await inTransaction(db, (tx) => keepPin(tx, keys, statement, now))).toBe('everyone');
    await ok('PUT', `/api/people/${young}/minor`, { bornOn: `${now.getUTCFullYear() - 12}-03-04` });
    const guardian = { name: SAID.guardian, relation: SAID.parent };
    await ok('POST', `/api/people/${young}/consents`, { textVersion: '1', language: 'en', guardian });
    shownAt.push({ url: '/api/gdpr/export/my-data', texts: [SAID.guardian, SAID.parent], as: 'young' });
    kiosk.box.consent(person, 'given', now);
    const [face] = kiosk.box.templates(person, 2, now);
    const card = { id: v7(), sealed: randomBytes(2076).toString('base64url') };
    kiosk.box.append('template', { change: 'added', model: 'm', count: 1 }, { person: young, card }, now);
    const open = { direction: 'in', method: 'face', liveness: 'off (demo)' } as const;
    const records = [1, 2].map(() => kiosk.box.append('checkin', open, { person, score: 0.8125, gps: 'sealed' }, now));
    const refused = kiosk.box.append('checkin', { ...open, direction: 'Refused' } as never, { person }, now);
    kiosk.box.append('checkin', { direction: 'strange', method: 'face' } as never, {}, now);
    await kiosk.send(now);
    await ok('POST', '/api/retention/holds', { person, reason: SAID.hold });
    shownAt.push({ url: '/api/retention/holds', texts: [SAID.hold], as: 'admin' });
    await ok('POST', '/api/corrections', { kind: 'void', target: records[0]!.header.id, reason: SAID.reason });
    const own = await web.signIn('person', person);
    await ok('POST', '/api/me/complaints', { record: records[1]!.header.id, message: SAID.complaint }, own);
    const items = async (kind: string) =>
      (await web.ask(admin, 'GET', `/api/attention?kind=${kind}`)).json().items as {
        ref: string;
        person: string;
      }[];
    const complaint = (await items('complaint'))[0]!;
    await ok('POST', '/api/attention/resolve', { kind: 'complaint', ref: complaint.ref, note: SAID.note });
    const nobodys = (await items('quarantine')).find((i) => i.person === null)!;
    await ok('POST', '/api/attention/resolve', { kind: 'quarantine', ref: nobodys.ref, note: SAID.nobody });
    shownAt.push({ url: '/api/attention?state=resolved', texts: [SAID.nobody, SAID.note], as: 'admin' });

    const kept = randomBytes(60);
    const waits = randomBytes(60);
    await inTransaction(db, async (tx) => {
      await keepPhotos(tx, keys, person, [{ id: v7(), picture: kept, pose: 'front' }], { via: 'staff', by: null }, now);
      const face = {
        model: 'test',
        embedding: new Float32Array([0.625]),
        picture: waits,
        pose: 'front',
        quality: null,
      };
      await keepCase(tx, keys, { person, other: v7(), score: 1, source: 'photo', faces: [face], by: null }, now);
      const basis = { textVersion: '1', language: 'en', statement: SAID.basis };
      const run = await beginImport(tx, keys, { basis }, null, now);
      const pictures = [1, 2].map(() => ({ name: SAID.file, content: randomBytes(64), code: null }));
      const lines = [{ file: SAID.file, number: null, email: null, name: SAID.list }];
      await addUpload(tx, keys, run, { pictures, lines } as never, now);
      const [nobody, theirs] = await tx.selectFrom('import_photo').select('id').where('run', '=', run).execute();
      const box = await personBox(tx, keys, [person]);
      const template = keys.seal('field', importPlace('template', nobody!.id, null), randomBytes(32));
      await tx.updateTable('import_photo').set({ template }).where('id', '=', nobody!.id).execute();
      const at = (column: 'name' | 'photo' | 'template') => importPlace(column, theirs!.id, person);
      await tx
        .updateTable('import_photo')
        .set({
          person,
          name: box.sealJson(at('name'), SAID.file),
          photo: box.seal(at('photo'), randomBytes(64)),
          template: box.seal(at('template'), randomBytes(32)),
        })
        .where('id', '=', theirs!.id)
        .execute();
      shownAt.push({ url: `/api/imports/${run}`, texts: [SAID.basis], as: 'admin' });
    });
    shownAt.push({
      url: '/api/gdpr/export/my-data',
      texts: [
        ...[...Object.values(named), SAID.badge, SAID.complaint, SAID.note, SAID.reason, SAID.hold],
        ...[SAID.file, face!.vector, kept.toString('base64'), waits.toString('base64'), '0.8125', refused.header.id],
      ],
      as: 'person',
    });

    // A kiosk event about nobody; one about a person whose key is deleted would be rejected.
    const event = randomUUID();
    const half = { score: { salt: 's', value: 1 }, gps: { salt: 's', value: 'sealed' } } as never;
    const { personal, gps } = sealHalf(keys, await personBox(db, keys, []), event, null, half);
    await sql`insert into event (device, epoch, seq, id, type, at, received_at, header, header_hash, chain, personal, gps)
              values (${kiosk.id}, ${randomUUID()}, 1, ${event}, 'checkin', now(), now(), '{}', ${event}, 'whole', ${personal}, ${gps})`.execute(
      db,
    );
  }

  /** Everything that the product and people read of it. */
  async function readsAsBefore(at: PeopleListener): Promise<void> {
    const visitors = { admin, person: await at.signIn('person', person), young: await at.signIn('person', young) };
    for (const { url, texts, as } of shownAt) {
      const answer = await at.ask(visitors[as], 'GET', url);
      expect([url, answer.status]).toEqual([url, 200]);
      for (const word of texts) expect(answer.text.includes(word), `${word.slice(0, 60)} by ${url}`).toBe(true);
    }
  }

  /** Columns of these tables that hold an envelope in some row. */
  async function filled(tables: readonly (SealedTable | (typeof OF_PERSONS)[number])[]): Promise<string[]> {
    const found: string[] = [];
    for (const table of tables) {
      const { rows } = await pageOf(database.db, table, null, 10_000, {
        ...('person' in table && { condition: sql`${sql.ref(table.person)} is not null` }),
      });
      for (const column of Object.keys(table.columns))
        if (rows.some((r) => r.sealed[column])) found.push(`${table.table}: ${column}`);
    }
    return found;
  }
  const registered = (tables: readonly { table: string; columns: object }[]) =>
    tables.flatMap((t) => Object.keys(t.columns).map((column) => `${t.table}: ${column}`));

  test('is re-encrypted, reads as before, and opens with none of the old keys', async () => {
    const { db } = database;
    expect(await filled(SEALED)).toEqual(registered(SEALED));
    expect(await filled(OF_PERSONS)).toEqual(registered(OF_PERSONS));
    await readsAsBefore(web);
    const old = { encryptionKey: web.config.encryptionKey, secretKey: web.config.secretKey };
    const columns = (await openedByPair(db, old)).opened.filter((c) => !c.startsWith('person.'));
    const named = new Set(SEALED.flatMap((t) => Object.keys(t.columns).map((column) => `${t.table}.${column}`)));
    expect(columns).toEqual([...named].sort());
    const stolen: PersonBox = await personBox(db, web.keys, [person, young]);

    const next = newPair();
    const both = keysOf({ ...next, previousKeys: old });
    await openRing(db, both);
    await beginRotation(db, both, { modules: MODULES, reEncrypt: true, now: web.now });
    for (;;) {
      const { phase, waitsFor } = await advanceRotation(db, both, {
        modules: MODULES,
        budgetMs: 0,
        now: () => web.now,
      });
      if (phase === 'finished') break;
      expect(waitsFor).toBeNull();
    }
    expect(await leftOver(db, 1)).toEqual({});
    expect((await openedByPair(db, old)).opened).toEqual([]);
    const stillOpen: string[] = [];
    let tried = 0;
    for (const table of OF_PERSONS) {
      const condition = sql`${sql.ref(table.person)} is not null`;
      for (const { cells, sealed } of (await pageOf(db, table, null, 10_000, { condition })).rows)
        for (const [column, place] of Object.entries(table.columns)) {
          const envelope = sealed[column];
          if (!envelope) continue;
          tried += 1;
          try {
            stolen.open(place(cells), envelope);
            stillOpen.push(`${table.table}: ${column}`);
          } catch (cause) {
            expect(cause).toMatchObject({ code: expect.stringMatching(/^envelope-/) });
          }
        }
    }
    expect([stillOpen, tried >= registered(OF_PERSONS).length]).toEqual([[], true]);
    const text = ({ encryptionKey, secretKey }: typeof next) => ({
      ENCRYPTION_KEY: Buffer.from(encryptionKey.reveal()).toString('base64'),
      SECRET_KEY: Buffer.from(secretKey.reveal()).toString('base64'),
    });
    renewed = await newListener(database, { start: web.now, env: text(next) });
    await readsAsBefore(renewed);
  }, 180_000);
});
