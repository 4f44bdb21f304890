import { spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { HandedOver } from '../../sync/protocol/api/staff.ts';
import { encryptCompact } from '../../sync/protocol/seal/jose.ts';
import { agreementKey, publicHalf } from '../../sync/protocol/seal/keys.ts';
import { pinCodeHash } from '../../sync/protocol/seal/pin-code.ts';
import { pinPepperId } from '../../sync/protocol/seal/pin-pepper.ts';
import { peppersChange, pinOf } from '../../sync/server/core/credentials/pins.ts';
import { runBackup } from '../../sync/server/features/backup/run.ts';
import { addUpload, beginImport } from '../../sync/server/features/enrolment/imports/runs.ts';
import { keepLogs } from '../../sync/server/features/fleet/commands.ts';
import { erasureJob } from '../../sync/server/features/privacy/erasure/steps.ts';
import { retentionJob } from '../../sync/server/features/privacy/retention/retention.job.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { runNow } from '../../sync/server/platform/jobs/runner.ts';
import { createLogger } from '../../sync/server/platform/logs/logger.ts';
import type { ObjectStore } from '../../sync/server/platform/objects/store.ts';
import { contextOf, newBucket } from '../backup/bucket.ts';
import { DATABASES } from '../kit/databases.ts';
import { deliverTo, KnownKiosk } from '../kit/known-kiosk.ts';
import { newListener, type PeopleListener } from '../kit/listener.ts';
import { personValues } from '../kit/person.ts';
import { withDatabase } from '../kit/suite.ts';
import { type Moto, motoMissing, startMoto } from '../services/moto.ts';
import { filesBelow } from './erasure-search.ts';

const missing = motoMissing();
if (missing) console.log(missing);

/** Values that go in and must not appear in the clear anywhere. Nothing else in the product has such values. */
const { language, ...PERSON } = personValues('in-plain-letters');
const MARKS = {
  ...PERSON,
  other: 'Zenobia Clearhand',
  badge2: 'FURTHER8812043',
  guardian: 'Guardian Openbook',
  minorGuardian: 'Parent Legiblehand',
  relation: 'grandmother-in-clear',
  note: 'Note that anybody may read',
  complaint: 'Complaint in plain letters',
  importFile: 'Readable-Xenophon-Portrait.jpg',
  basis: 'Signed forms in the readable cupboard',
  latitude: '52.5200081',
  longitude: '13.4049541',
  reason: 'Reason as anybody may read it',
  hold: 'Hold about a readable dispute',
  staff: 'dpo.readable@office.example',
  ip: '203.0.113.77',
  browser: 'ReadableBrowser/7.7',
  refused: 'Refused Plainperson',
  incident: 'Incident put in plain words',
  incidentNote: 'Note of an incident in the open',
  webhook: 'receiver.readable.example',
  kioskStaff: 'Readable of the cables',
  staffBadge: 'badge-of-the-cables',
  kioskLog: 'line of a kiosk that anybody may read',
} as const;

/** A value in the encodings in which it could be stored. */
function formsOf(value: string | Buffer): Buffer[] {
  const bytes = Buffer.from(value);
  const forms = [bytes, Buffer.from(bytes.toString('hex'))];
  if (typeof value === 'string') forms.push(Buffer.from(value, 'utf16le'), Buffer.from(value.toLowerCase()));
  // In base64 at each of three alignments; the ends depend on adjacent bytes.
  for (const shift of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64url');
    const inner = text.slice(shift === 0 ? 0 : shift + 1, text.length - 3);
    if (inner.length >= 8) forms.push(Buffer.from(inner), Buffer.from(inner.replaceAll('-', '+').replaceAll('_', '/')));
  }
  return forms;
}

/** Returns which of the values are in these bytes. */
function foundIn(bytes: Buffer, needles: Readonly<Record<string, string | Buffer>>): string[] {
  return Object.entries(needles).flatMap(([name, value]) =>
    formsOf(value).some((form) => bytes.includes(form)) ? [name] : [],
  );
}

describe.skipIf(missing).each(DATABASES)('a full database on $name', ({ name, ...kind }) => {
  let moto: Moto;
  let store: ObjectStore;
  let host: Awaited<ReturnType<typeof kind.start>>;
  let database: OpenDatabase;
  let web: PeopleListener;
  let needles: Record<string, string | Buffer>;

  withDatabase(kind, async (opened, undo, started) => {
    database = opened;
    host = started;
    moto = await startMoto();
    const bucket = `dump-${name.toLowerCase()}`;
    store = await newBucket(moto, bucket);
    undo.defer(() => store?.close());
    undo.defer(() => moto?.remove());
    web = undo.use(await newListener(database, { env: moto.env(bucket), start: new Date() }));
    needles = { ...MARKS };
    await fill();
  });

  /** Fills everything that stores people, by the paths that data takes in the product. */
  async function fill(): Promise<void> {
    const { db, keys, services } = web;
    const headers = { 'user-agent': MARKS.browser };
    const staff = { ...(await web.signIn('admin')), ip: MARKS.ip };
    const ok = async (method: 'POST' | 'GET' | 'PUT', url: string, body?: unknown) => {
      const answer = await web.ask(staff, method, url, body, headers);
      expect([url, answer.status, answer.text.slice(0, 200)]).toEqual([
        url,
        expect.toBeOneOf([200, 201, 204]),
        expect.anything(),
      ]);
      return answer;
    };
    await ok('POST', '/api/accounts', { role: 'dpo', email: MARKS.staff });
    const { name: person, email, phone } = PERSON;
    const made = await ok('POST', '/api/people', { ...PERSON, language });
    const id = String(made.json().id);

    await ok('POST', `/api/people/${id}/badges`, { number: MARKS.badge2 });
    // A credential is shown once and stored nowhere, neither as printed nor as bytes.
    needles.card = String((await ok('POST', `/api/people/${id}/cards`)).json().text);

    // A kiosk: someone enrolled there, a consent by a guardian, check-ins with a position, a face.
    const kiosk = await KnownKiosk.register(database, keys);
    const { sealing, sealingKid } = services.keyring;
    const position = JSON.stringify({
      lat: Number(MARKS.latitude),
      lon: Number(MARKS.longitude),
      text: `${MARKS.latitude},${MARKS.longitude}`,
    });
    const gps = encryptCompact(
      { alg: 'ECDH-ES', enc: 'A256GCM', kid: sealingKid },
      Buffer.from(position),
      agreementKey(publicHalf(sealing)),
    );
    const other = kiosk.box.enrol(MARKS.other);
    const [face] = kiosk.box.templates(id, 2);
    needles.embedding = Buffer.from(face!.vector, 'base64url').subarray(40, 72);
    kiosk.box.append(
      'consent',
      { action: 'given', textVersion: '1', language: 'de' },
      { person: id, guardian: MARKS.guardian },
    );
    kiosk.box.templates(id, 2);
    const open = { direction: 'in', method: 'face', liveness: 'off (demo)' } as const;
    const hash = () => randomBytes(32).toString('base64url');
    const events = [id, id, other].map((who) =>
      kiosk.box.append('checkin', open, { person: who, gps, photo: hash(), photoKey: hash(), score: 0.9 }),
    );
    // A PIN that is valid at every kiosk of the site: its hash, and the pepper that guessing it would need.
    const { peppers } = await peppersChange(db, keys);
    needles.pepper = Buffer.from(peppers[0]!, 'base64url');
    needles.pepperText = peppers[0]!;
    const tail = randomBytes(32).toString('base64').slice(0, 43);
    needles.pinHash = tail;
    kiosk.box.append(
      'pin',
      { change: 'set' },
      {
        person: id,
        pin: {
          id: randomUUID(),
          pepper: pinPepperId(Buffer.from(peppers[0]!, 'base64url')),
          hash: `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${tail}`,
        },
      },
    );
    await kiosk.send(web.now);
    expect(await pinOf(db, id)).toMatchObject({ device: kiosk.id });
    // An event about someone that can't be accepted: it is kept, sealed.
    const bad = structuredClone(
      kiosk.box.append('person', { change: 'added' }, { person: randomUUID(), name: MARKS.refused }),
    );
    Object.assign(bad.header, { v: 9 });
    await deliverTo(db, keys, kiosk.box, [bad], { now: web.now });

    // A minor's guardian; a complaint about a record and the note on it; a code for a PIN; an import's file names.
    const young = String((await ok('POST', '/api/people', { name: 'Young', number: '77120399' })).json().id);
    await ok('PUT', `/api/people/${young}/minor`, { bornOn: `${web.now.getUTCFullYear() - 12}-03-04` });
    const guardian = { name: MARKS.minorGuardian, relation: MARKS.relation };
    await ok('POST', `/api/people/${young}/consents`, { textVersion: '1', language: 'de', guardian });
    const own = await web.signIn('person', id);
    const record = events[1]!.header.id;
    const said = await web.ask(own, 'POST', '/api/me/complaints', { record, message: MARKS.complaint }, headers);
    expect([said.status, said.text.includes(MARKS.complaint)]).toEqual([200, true]);
    const waits = (await ok('GET', '/api/attention?kind=complaint')).json().items as { ref: string }[];
    await ok('POST', '/api/attention/resolve', { kind: 'complaint', ref: waits[0]!.ref, note: MARKS.note });
    const code = String((await ok('POST', `/api/people/${young}/pin-code`)).json().code);
    needles.pinCode = code;
    needles.pinCodeHash = Buffer.from(pinCodeHash(young, code), 'base64url');
    needles.pinCodeHashText = pinCodeHash(young, code);
    await imported();
    await operated(kiosk.id, ok);

    await ok('POST', '/api/corrections', { kind: 'void', target: events[0]!.header.id, reason: MARKS.reason });
    await ok('POST', '/api/retention/holds', { person: id, reason: MARKS.hold });
    // Reads, exports, look-ups, and rejected requests, whose text must not get into a log.
    await ok('GET', '/api/people');
    await ok('POST', '/api/people/search', { q: email });
    await ok('GET', '/api/attendance');
    const day = web.now.toISOString().slice(0, 10);
    await web.ask(staff, 'GET', `/api/exports/attendance?from=${day}&to=${day}&format=csv`, undefined, headers);
    for (const body of [{ name: person, email: `${email} ` }, { nome: person }, { name: [person], phone }, person])
      await web.ask(staff, 'POST', '/api/people', body, headers);
    await web.ask(
      web.visitor(MARKS.ip),
      'POST',
      '/api/sign-in',
      { email: MARKS.staff, password: `${person}!` },
      headers,
    );
    await web.ask(web.visitor(MARKS.ip), 'POST', '/api/sign-in-links', { email }, headers);
    await web.ask(await web.signIn('person', id), 'GET', '/api/gdpr/export/my-data', undefined, headers);
    await web.ask(staff, 'POST', '/api/erasures', { person: other }, headers);

    const photo = {
      device: kiosk.id,
      event: randomUUID(),
      person: id,
      kind: 'enrolment' as const,
      expected_at: web.now,
    };
    const address = hash();
    await db
      .insertInto('photo')
      .values({ ...photo, address, total: 9, received: 9, complete_at: web.now })
      .execute();
    await db
      .insertInto('photo_piece')
      .values({ device: kiosk.id, address, at: 0, bytes: randomBytes(9) })
      .execute();
    for (const job of [retentionJob, erasureJob]) await runNow(services, job, new AbortController().signal);
    await runBackup(contextOf(db, keys, store, () => web.now));
    // A value that the search must find wherever it looks.
    await db.insertInto('meta').values({ key: 'planted', value: 'PlantedForTheSearch' }).execute();
    await sql`checkpoint`.execute(db).catch(() => undefined);
  }

  /** What staff write and request besides people's records: an incident, a receiver of records, the log of a kiosk. */
  async function operated(
    kiosk: string,
    ok: (method: 'POST', url: string, body?: unknown) => Promise<{ json(): Record<string, unknown> }>,
  ): Promise<void> {
    const { db, keys } = web;
    const foundAt = web.now.toISOString();
    const opened = await ok('POST', '/api/incidents', { title: MARKS.incident, severity: 'high', foundAt });
    await ok('POST', `/api/incidents/${opened.json().id}/notes`, { text: MARKS.incidentNote });
    const receiver = await ok('POST', '/api/webhooks', { name: 'Payroll', url: `https://${MARKS.webhook}/` });
    needles.webhookSecret = String(receiver.json().secret);
    const member = { name: MARKS.kioskStaff, role: 'technician', site: null, badge: MARKS.staffBadge };
    const { pin, factor } = HandedOver.parse((await ok('POST', '/api/kiosk-staff', member)).json());
    needles.staffPin = String(pin);
    needles.staffSecret = factor!.secret;
    needles.staffPaper = factor!.paper[0]!;
    const asked = (await ok('POST', `/api/fleet/${kiosk}/commands`, { what: 'logs' })).json();
    const command = (asked.commands as { id: string }[])[0]!.id;
    // Both compressed, as it arrives, and uncompressed: only a program would find it in compressed data.
    const gz = gzipSync(MARKS.kioskLog);
    needles.kioskLogPacked = gz.subarray(10, -8);
    await db.transaction().execute((tx) => keepLogs(tx, keys, kiosk, { command, gz: gz.toString('base64') }, web.now));
  }

  /** An import with a picture of someone, right after its upload. */
  async function imported(): Promise<void> {
    const { db, keys } = web;
    await db.transaction().execute(async (tx) => {
      const basis = { textVersion: '1', language: 'de', statement: MARKS.basis };
      const run = await beginImport(tx, keys, { basis }, null, web.now);
      const pictures = [{ name: MARKS.importFile, content: randomBytes(64), code: null }];
      await addUpload(tx, keys, run, { pictures, lines: [] } as never, web.now);
    });
  }

  const planted = { planted: 'PlantedForTheSearch' };

  test('files of the database, its write-ahead log included, hold no name, address, number, position or face', () => {
    const found = new Set<string>();
    let control = false;
    for (const { bytes } of filesBelow(host.files)) {
      for (const what of foundIn(bytes, needles)) found.add(what);
      control ||= foundIn(bytes, planted).length > 0;
    }
    expect([control, [...found]]).toEqual([true, []]);
  });

  test('a dump contains none of it', async () => {
    const text = host.postgres ? pgDump(host.postgres) : await rowsAsText(database);
    expect(foundIn(text, planted)).toEqual(['planted']);
    expect(foundIn(text, needles)).toEqual([]);
    // Also in the form that bytea has in a dump: `\\x` and hexadecimal.
    expect(text.length).toBeGreaterThan(10_000);
  });

  test('no version of any object in the bucket contains any of it', async () => {
    await store.put('planted', Buffer.from('PlantedForTheSearch'));
    const found: string[] = [];
    let control = false;
    for await (const { key, versionId } of store.list('')) {
      const pieces: Uint8Array[] = [];
      for await (const piece of await store.get(key, versionId)) pieces.push(piece);
      const bytes = Buffer.concat(pieces);
      found.push(...foundIn(bytes, needles).map((what) => `${what} in ${key}`));
      control ||= foundIn(bytes, planted).length > 0;
    }
    expect([control, found]).toEqual([true, []]);
  });

  test('no log line contains any of it, or a key', () => {
    const { ENCRYPTION_KEY, SECRET_KEY, AWS_SECRET_ACCESS_KEY } = web.env as Record<string, string>;
    const secret = {
      ENCRYPTION_KEY: ENCRYPTION_KEY!,
      SECRET_KEY: SECRET_KEY!,
      AWS_SECRET_ACCESS_KEY: AWS_SECRET_ACCESS_KEY!,
    };
    // As the server's own logger writes it, for any error.
    let own = '';
    const log = createLogger('debug', {
      write(line: string) {
        own += line;
      },
    });
    const { name: person, email, phone } = PERSON;
    log.error({ err: new Error(`could not write ${person}, ${email}, ${phone}`), email, person }, 'a job failed');
    expect(own).toContain('a job failed');
    const text = Buffer.from(web.logged + own);
    expect(text.length).toBeGreaterThan(1000);
    expect(foundIn(text, { ...needles, ...secret })).toEqual([]);
  });
});

function pgDump({ socketFolder, port }: { socketFolder: string; port: number }): Buffer {
  const root = '/usr/lib/postgresql';
  const bin = readdirSync(root)
    .map((version) => join(root, version, 'bin/pg_dump'))
    .filter((path) => existsSync(path))
    .at(-1)!;
  const list = spawnSync(bin.replace('pg_dump', 'psql'), [
    '-h',
    socketFolder,
    '-p',
    String(port),
    '-U',
    'postgres',
    '-XAtc',
    "select datname from pg_database where datname like 't%' and not datistemplate",
  ]);
  const database = list.stdout.toString().trim().split('\n')[0]!;
  const done = spawnSync(bin, ['-h', socketFolder, '-p', String(port), '-U', 'postgres', '-d', database], {
    maxBuffer: 1 << 30,
  });
  if (done.status !== 0) throw new Error(done.stderr.toString());
  return done.stdout;
}

/** Every row of every table as text, as in a dump. */
async function rowsAsText({ db }: OpenDatabase): Promise<Buffer> {
  const { rows } = await sql<{ name: string }>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname in ('public', 'keyring')`.execute(db);
  const texts: string[] = [];
  for (const { name } of rows)
    for (const { row } of (await sql<{ row: string }>`select t::text as row from ${sql.raw(name)} t`.execute(db)).rows)
      texts.push(row);
  return Buffer.from(texts.join('\n'));
}
