import { createHash, randomUUID } from 'node:crypto';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { openKeys } from '../../electron/core/keys/index.ts';
import { startRetention } from '../../electron/core/retention/retention.ts';
import { templateValue } from '../../electron/core/store/derived.ts';
import { openStore } from '../../electron/core/store/index.ts';
import type { RosterPage } from '../../electron/core/store/roster.ts';
import type { SqlStore } from '../../electron/core/store/store.ts';
import { LANGUAGES } from '../../sync/protocol/api/languages.ts';
import { newSealingKey, newSigningKey, publicHalf } from '../../sync/protocol/seal/keys.ts';
import type { Change } from '../../sync/protocol/wire/changes.ts';
import { seededRandom } from '../bench/harness.ts';
import { heldClock } from './kiosk.ts';
import { aCheckin, aPending, aPerson, embedding, MODEL } from './samples.ts';

const DAY = 86_400_000;
const FIRST_DAY = Date.UTC(2027, 0, 4, 6);

/** People of this kiosk only, and of the server. */
const OWN_PEOPLE = 60;
const SERVER_PEOPLE = 60;

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url');
const pinOf = (id: string, n: number) =>
  ({
    id,
    pepper: hash('pepper'),
    hash: `$argon2id$v=19$m=19456,t=2,p=1$${hash(`salt ${n}`).slice(0, 22)}$${hash(`pin ${n}`)}`.replace(/[-_]/g, '/'),
  }) as const;

/**
 * Fills a kiosk's folder with a year of a busy door, through the store and the retention as the core uses them: two check-ins a
 * person and working day, photos, positions, voids, roster pages, imports, cards, codes, an evacuation. The server has kept up
 * with it, and its backups with the first two months. Leaves the store closed.
 */
export async function fillYear(home: string, seed: number, days = 365): Promise<void> {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const photo = () => Uint8Array.from({ length: 600 }, () => Math.floor(random() * 256));
  const clock = heldClock(FIRST_DAY);
  const open = async (boot: number) => {
    clock.bootId = `boot-${boot}`;
    const keys = await openKeys({ home, deviceSecret: null, allowSecretFile: true });
    const store = await openStore({ home, keys, clock });
    const retention = startRetention({
      store,
      site: { photoDays: 90, gpsDays: 30 },
      log: (level, message, fields) => {
        if (level === 'error') throw new Error(message, { cause: fields?.error });
      },
      clock,
      everyMs: 2 ** 30,
    });
    return { store, retention };
  };
  let { store, retention } = await open(0);

  let cursor = 0;
  const notified = (changes: Change[], more: Partial<RosterPage> = {}) =>
    store.roster.apply({ whole: false, more: false, cursor: `page ${++cursor}`, changes, ...more });
  const instant = (ms = 0) => new Date(clock.now() + ms).toISOString();
  const cardOf = (n: number) => ({ id: randomUUID(), model: MODEL, sealed: hash(`card ${n}`).repeat(3) });

  // The server's people and settings, as delivered by a first snapshot and later pages.
  const theirs = Array.from({ length: SERVER_PEOPLE }, () => randomUUID());
  const elsewhere = randomUUID();
  const signing = publicHalf(newSigningKey());
  await notified(
    theirs.flatMap((person, i): Change[] => [
      {
        kind: 'person',
        person,
        name: `Sévérine Öztürk-${i}`,
        number: String(7000 + i),
        language: pick(LANGUAGES),
        gpsOptOut: i % 9 === 0,
      },
      {
        kind: 'templates',
        person,
        model: MODEL,
        templates: [0, 1].map((one) =>
          templateValue({ id: randomUUID(), pose: 'front', embedding: embedding(1000 + 2 * i + one) }),
        ),
      },
      {
        kind: 'credentials',
        person,
        cards: [{ id: randomUUID(), hash: hash(`printed ${i}`) }],
        badges: [String(880_000 + i)],
      },
      { kind: 'pin', person, pin: i % 3 === 0 ? pinOf(randomUUID(), i) : null },
      {
        kind: 'pinCode',
        person,
        code: i % 5 === 0 ? { id: randomUUID(), hash: hash(`code ${i}`), expires: instant(2 * 365 * DAY) } : null,
      },
      ...(i % 7 === 0
        ? [
            {
              kind: 'cardTemplate',
              person,
              model: MODEL,
              card: { id: randomUUID(), sealed: cardOf(i).sealed },
            } as const,
          ]
        : []),
    ]),
    { whole: true, kiosks: [{ device: elsewhere, name: 'Back door', heardAt: instant() }] },
  );
  await notified([
    { kind: 'policy', policy: { leaseDays: 90, photoDays: 90, gpsDays: 30, consentAge: 16 } },
    { kind: 'pinPeppers', peppers: [hash('pepper')] },
    { kind: 'issuers', keys: [signing] },
    {
      kind: 'staff',
      staff: [
        {
          id: randomUUID(),
          name: 'Tomás',
          role: 'technician',
          pin: null,
          badge: '0004711815',
          factor: { secret: hash('totp').slice(0, 27), paper: [{ n: 1, hash: hash('paper') }] },
        },
      ],
    },
    {
      kind: 'keys',
      keys: { serial: 2, signing: [signing], sealing: publicHalf(newSealingKey()), caPem: ['a certificate'] },
    },
    { kind: 'config', revision: 3, config: { name: 'Front door', volume: 40 } },
    {
      kind: 'update',
      update: {
        rollout: randomUUID(),
        action: 'install',
        version: '0.2.0',
        window: { from: '22:00', to: '05:00', zone: 'Europe/Berlin' },
        trialMinutes: 10,
        retry: 0,
      },
    },
    { kind: 'reenrol', people: theirs.slice(0, 3).map((person) => ({ person, reason: 'score-falls' })) },
    ...(['logs', 'restart'] as const).map((what) => ({
      kind: 'command' as const,
      id: randomUUID(),
      what,
      expires: instant(500 * DAY),
    })),
  ]);
  store.deviceState.answer(store.deviceState.commands().find(({ what }) => what === 'logs')!.id, 'done');

  // People enrolled here.
  const own: string[] = [];
  for (let i = 0; i < OWN_PEOPLE; i++) {
    clock.pass(60_000);
    const minor = i % 12 === 0 ? { bornOn: '2015-05-05', guardian: `Guardian ${i}`, relation: 'mother' } : undefined;
    const { id } = await store.people.add(
      aPerson({
        name: `Ada Lovelace ${i}`,
        number: String(1000 + i),
        language: pick(LANGUAGES),
        consent: { textVersion: '2026-1', language: 'en', ...(minor && { minor }) },
        templates: ['front', 'left', 'right'].map((pose, j) => ({
          pose,
          model: MODEL,
          embedding: embedding(3 * i + j),
        })),
        photo: photo(),
        pinHash: i % 2 ? `phc ${i}` : null,
        ...(i % 10 === 3 && { templates: [], card: { ...cardOf(i), count: 3 } }),
        ...(i === 20 && { lookalikes: { others: [own[19]!], marking: { reason: 'enrolment', by: randomUUID() } } }),
      }),
    );
    own.push(id);
    if (i % 6 === 0) store.people.issueCard(id, { id: randomUUID(), hash: hash(`made here ${i}`) }, false);
  }
  await notified([
    {
      kind: 'lookalikes',
      person: theirs[15]!,
      others: [{ person: theirs[16]!, reason: 'not-me', at: instant(), device: elsewhere, by: null }],
    },
  ]);
  store.pins.choose(theirs[5]!, JSON.stringify(pinOf(randomUUID(), 5)));

  const everyone = [...own, ...theirs];
  const inside = new Set<string>();
  const commitAll = (safe: boolean) => {
    for (const { epoch, made } of store.outbox.marks()) {
      const marks = { committed: made, safe: safe ? made : 0 };
      const before = store.session.log.epochs.find(({ id }) => id === epoch)!;
      store.outbox.acknowledge(epoch, { committed: made, safe: Math.max(before.safe, marks.safe) });
    }
    for (const address of store.outbox.photosToSend(1000)) store.outbox.photoSent(address, random() < 0.95);
  };
  for (let day = 0; day < days; day++) {
    clock.time = FIRST_DAY + (day + 1) * DAY;
    clock.mono += DAY;
    if (day % 30 === 29) {
      retention.stop();
      store.close();
      ({ store, retention } = await open(day));
    }
    const working = day % 7 < 5;
    const present = working ? everyone.filter(() => random() < 0.4) : [];
    for (const person of [...present, ...present]) {
      clock.pass(60_000);
      const out = !inside.delete(person);
      if (out) inside.add(person);
      const n = random();
      const by = n < 0.7 ? 'face' : pick(['number+pin', 'badge', 'qr', 'manual'] as const);
      const { id } = await store.checkins.record(
        aCheckin(person, {
          open: { ...aCheckin(person).open, direction: out ? 'in' : 'out', method: by },
          gps: random() < 0.05 ? hash(`place ${day}`).repeat(4) : null,
          photo: random() < 0.02 ? photo() : null,
          ...(by === 'manual' && { reason: 'forgot the badge' }),
        }),
      );
      if (n < 0.01) store.checkins.void(id, 'not-me');
    }
    if (working) {
      store.events.append({
        type: 'health',
        open: { code: 'statistics', detail: { day, probes: present.length } },
        personal: {},
      });
      store.lockouts.set({ [`number ${day}`]: { failures: 3, until: clock.now() + 60_000, at: clock.now() } });
      store.people.useCode(
        {
          digest: createHash('sha256').update(`own ${day}`).digest(),
          issuedAt: clock.now(),
          until: clock.now() + 40 * DAY,
        },
        clock.now(),
      );
      await notified([], {
        presence: [{ person: pick(theirs), direction: 'in', at: instant() }],
      });
    }
    await retention.run();
    if (day % 3 === 0) commitAll(day < 60);
  }

  // Records of the last days, none of which has reached the server.
  const [voided, kept] = [pick(own), own[7]!];
  store.checkins.void((await store.checkins.record(aCheckin(voided))).id, 'staff');
  store.checkins.void((await store.checkins.record(aCheckin(own[21]!))).id, 'not-me', own[22]!);
  const vault = join(home, 'storage/faces');
  renameSync(vault, `${vault}.unplugged`);
  await store.checkins.record(aCheckin(kept, { photo: photo() }));
  renameSync(`${vault}.unplugged`, vault);
  store.people.update(kept, { name: 'Ada King', gpsOptOut: true });
  await store.templates.enrol(own[8]!, [{ pose: 'front', model: MODEL, embedding: embedding(77) }], photo());
  await store.people.delete(own[9]!);
  await store.checkins.record(aCheckin(theirs[10]!, { photo: photo(), gps: hash('a place').repeat(4) }));
  await notified([
    { kind: 'removed', person: theirs[10]! },
    { kind: 'erase', request: randomUUID(), person: theirs[11]! },
  ]);
  for (let i = 0; i < 8; i++)
    await store.imports.keep(
      aPending({ label: `Waiting ${i}`, file: `waiting ${i}.jpg`, original: photo(), picture: photo() }),
    );
  store.lockouts.set({ 'number 1007': { failures: 6, until: clock.now() + 60_000, at: clock.now() } });
  const [accepted, refused] = store.imports.list();
  await store.imports.settle(accepted!.id, 'accepted', kept);
  await store.imports.settle(refused!.id, 'refused');
  const evacuation = { id: randomUUID(), startedAt: instant() };
  store.presence.beginEvacuation(evacuation, { code: 'evacuation', detail: { inside: inside.size } });
  store.presence.account(own[1]!, true, instant());
  store.presence.account(own[2]!, true, instant());
  store.presence.account(own[2]!, false, instant());
  await notified([{ kind: 'accounted', evacuation, person: theirs[2]!, seen: { at: instant(), device: elsewhere } }]);
  // Trusted time is found to be two days behind.
  const { time: wall, mono: monotonic, bootId } = clock;
  store.removal.correct({ trusted: retention.now(), wall, monotonic, bootId }, 2 * DAY, 0);
  retention.stop();
  store.close();
}

/** Names of the store's tables, except the system's own. */
export const tablesOf = ({ session: { db } }: SqlStore): string[] =>
  db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_stat%' ORDER BY name")
    .pluck()
    .all() as string[];

const columnsOf = ({ session: { db } }: SqlStore, table: string): string[] =>
  db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];

/** Tables without rows, and columns that are null in every row. */
export function emptyParts(store: SqlStore): string[] {
  const { db } = store.session;
  return tablesOf(store).flatMap((table) => {
    if (db.prepare(`SELECT count(*) FROM "${table}"`).pluck().get() === 0) return [table];
    return columnsOf(store, table)
      .filter((column) => db.prepare(`SELECT count("${column}") FROM "${table}"`).pluck().get() === 0)
      .map((column) => `${table}.${column}`);
  });
}

/** Columns by table: what a later schema must still have. */
export const shapeOf = (store: SqlStore): Record<string, string[]> =>
  Object.fromEntries(tablesOf(store).map((table) => [table, columnsOf(store, table)]));

/** Every row of every table as stored: by table, their number and a digest; only of these columns. */
export function storedRows(store: SqlStore, shape = shapeOf(store)): Record<string, string> {
  const { db } = store.session;
  return Object.fromEntries(
    Object.entries(shape).map(([table, columns]) => {
      const digest = createHash('sha256');
      let count = 0;
      const list = columns.map((column) => `"${column}"`).join(', ');
      const order = table === 'sqlite_sequence' ? '"name"' : list;
      const rows = db.prepare(`SELECT ${list} FROM "${table}" ORDER BY ${order}`).raw().iterate() as Iterable<
        unknown[]
      >;
      for (const row of rows) {
        // The migrations are meant to change their own two rows.
        if (table === 'meta' && (row[0] === 'schema' || row[0] === 'minReader')) continue;
        count++;
        digest.update(JSON.stringify(row.map((v) => (Buffer.isBuffer(v) ? v.toString('base64') : v))));
      }
      return [table, `${count} rows ${digest.digest('base64url')}`];
    }),
  );
}

/** Digests of everything that the store opens and answers, decrypted, by question. @param at ms since 1970 */
export async function openedValues(store: SqlStore, at: number): Promise<Record<string, string>> {
  const { db } = store.session;
  const people = store.people.all();
  const pictures = async (addresses: Buffer[]) => {
    const out: string[] = [];
    for (const address of addresses) out.push(hash(String(await store.photos.open(address.toString('base64url')))));
    return out;
  };
  const answers: Record<string, unknown> = {
    people,
    lookalikes: store.lookalikes.list(),
    templates: people.map(({ id }) =>
      store.templates
        .of(id, MODEL)
        .map((t) => ({ ...t, embedding: Buffer.from(t.embedding.buffer).toString('base64') })),
    ),
    cardTemplates: people.map(({ id }) => store.templates.onCard(id)),
    pins: people.map(({ id }) => store.pins.hash(id)),
    pinCodes: people.map(({ id }) => store.pins.code(id, at)),
    last: people.map(({ id }) => store.checkins.last(id)),
    checkins: store.checkins.list({ limit: 1_000_000 }),
    photos: await pictures(db.prepare('SELECT address FROM photo ORDER BY n').pluck().all() as Buffer[]),
    imports: await Promise.all(
      store.imports.list().map(async (one) => [one, hash(String(await store.imports.open(one.id)))]),
    ),
    again: store.people.reenrolments(),
    whereabouts: store.presence.list(new Date(0).toISOString()),
    evacuation: store.presence.evacuation(),
    outbox: store.outbox.pending(1_000_000),
    marks: store.outbox.marks(),
    photosToSend: store.outbox.photosToSend(1_000_000),
    cursor: store.roster.cursor,
    commands: store.deviceState.commands(),
    notified: [
      store.roster.policy,
      store.roster.issuers,
      store.roster.pinPeppers,
      store.deviceState.update,
      store.deviceState.config,
    ],
    presence: [store.presence.elsewhere(), store.presence.kiosks],
  };
  return Object.fromEntries(
    Object.entries(answers).map(([question, answer]) => [question, hash(JSON.stringify(answer) ?? 'none')]),
  );
}
