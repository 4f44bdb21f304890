import type * as NodeCrypto from 'node:crypto';
import { randomBytes } from 'node:crypto';
import { relative } from 'node:path';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { keyObject } from '../../electron/core/keys/envelope.ts';
import { Vault } from '../../electron/core/vault/vault.ts';
import { ROLES } from '../../sync/protocol/api/endpoint.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { takePiece } from '../../sync/server/core/photos/store.ts';
import { keepPhotos } from '../../sync/server/core/templates/photos.ts';
import { mergePeople } from '../../sync/server/features/attendance/merging/merge.ts';
import { importPlace } from '../../sync/server/features/enrolment/imports/runs.ts';
import type { Route } from '../../sync/server/platform/access/route.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { personBox } from '../../sync/server/platform/keys/persons.ts';
import { endpointsOf, jobsOf } from '../../sync/server/platform/server-module.ts';
import { DATABASES } from '../kit/databases.ts';
import { newPerson } from '../kit/person.ts';
import { type Opened, withApi } from '../kit/suite.ts';

/**
 * Watches every decryption in this process, by any code. If it yields a face, an audit row must follow, and the calling code must
 * be one of the known ones.
 */

const watched = vi.hoisted(() => ({ faces: [] as Buffer[], opened: [] as string[] }));

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof NodeCrypto>();
  const createDecipheriv = (...args: Parameters<typeof real.createDecipheriv>) => {
    const decipher = real.createDecipheriv(...args);
    const update = decipher.update.bind(decipher) as (data: Buffer) => Buffer;
    const stack = new Error().stack ?? '';
    return Object.assign(decipher, {
      update(data: Buffer) {
        const plain = update(data);
        // As bytes, or as text inside sealed JSON.
        const holds = (face: Buffer) =>
          plain.includes(face) || plain.includes(face.toString('base64url')) || plain.includes(face.toString('base64'));
        if (watched.faces.some(holds)) watched.opened.push(stack);
        return plain;
      },
    });
  };
  return { ...real, createDecipheriv, default: { ...real, createDecipheriv } };
});

const NOW = new Date('2026-07-20T10:00:00.000Z');
const ROOT = `${import.meta.dirname}/../..`;
/** Low-level code of every decryption; the caller is above it. */
const BELOW = /^sync\/server\/(platform\/keys\/(gcm|envelope|persons|personal)|core\/photos\/store)\.ts$/;
/** The code that may open a face, by file. Add new code here, together with its audit row. */
const KNOWN = [
  'sync/server/app/ingest/my-data.ts',
  'sync/server/core/templates/photos.ts',
  'sync/server/core/templates/templates.ts',
  'sync/server/features/enrolment/imports/runs.ts',
];

let opened: Opened;
withApi(DATABASES[0]!, { now: NOW }, (o) => {
  opened = o;
});

interface World {
  readonly ids: Readonly<Record<string, string>>;
  readonly device: string;
  readonly twin: string;
}
let world: World;
/** Files that were seen opening one. */
const asking = new Set<string>();

/** A person with a template, a photo of a check-in, one of an enrolment and one of an import; and a similar one. */
beforeAll(async () => {
  if (!opened) return;
  const { api } = opened;
  const { db, keys } = api;
  const box = await api.kiosk();
  const [person, twin] = ['Ada', 'Ada'].map((name) => newPerson(box, name, NOW, randomBytes(4).toString('hex')));
  const face = (text: string) => {
    const bytes = Buffer.concat([Buffer.from(`JPEG ${text} `), randomBytes(64)]);
    watched.faces.push(bytes);
    return bytes;
  };
  for (const [, vector] of JSON.stringify(box.events).matchAll(/"vector":"([^"]+)"/g))
    watched.faces.push(Buffer.from(vector!, 'base64url'));
  const event = v7();
  const key = randomBytes(32);
  const where = { person: person!, record: event, keyVersion: 1, kind: 'checkin' } as const;
  const sealed = new Vault('/nonexistent', randomBytes).seal(keyObject(key), where, face('check-in'));
  const open = { direction: 'in', method: 'face', liveness: 'passed', model: 'test' } as const;
  const personal = { person, score: 0.8, photo: sealed.address, photoKey: key.toString('base64url') };
  box.append('checkin', open, personal, NOW, event);
  await api.deliver(box);
  await takePiece(db, box.device, sealed.address, { offset: 0, total: sealed.bytes.length }, sealed.bytes, NOW);
  const [run, photo] = [v7(), v7()];
  await inTransaction(db, async (tx) => {
    const picture = { id: v7(), picture: face('enrolment'), pose: 'front' };
    await keepPhotos(tx, keys, person!, [picture], { via: 'staff', by: null }, NOW);
    await sql`insert into import_run (id, state, made_at) values (${run}, 'open', ${NOW.toISOString()})`.execute(tx);
    const its = await personBox(tx, keys, [person!]);
    const name = its.sealJson(importPlace('name', photo, person!), 'ada.jpg');
    const content = its.seal(importPlace('photo', photo, person!), face('import'));
    await sql`insert into import_photo (id, run, person, name, photo, state, made_at)
              values (${photo}, ${run}, ${person}, ${name}, ${content}, 'judged', ${NOW.toISOString()})`.execute(tx);
  });
  world = { ids: { person: person!, import: run, photo, event, record: event }, device: box.device, twin: twin! };
});
afterAll(() => {
  watched.faces.length = 0;
});

async function newest(): Promise<number> {
  const row = await opened.api.db.selectFrom('audit').select('position').orderBy('position', 'desc').executeTakeFirst();
  return Number(row?.position ?? 0);
}

/** Does something and returns whose decryption rows it left in the audit log. Throws if a face was opened without one. */
async function watch(what: string, work: () => Promise<unknown>): Promise<number> {
  watched.opened.length = 0;
  const before = await newest();
  const answer = await work().catch((cause: unknown) => cause);
  const rows = await opened.api.db
    .selectFrom('audit')
    .select(['action', 'data', 'route'])
    .where('position', '>', before)
    .execute();
  const noted = rows.filter(
    (r) => /template|photo/.test(r.data.join()) && /decrypt|export|write|delete/.test(r.action),
  );
  if (watched.opened.length > 0) expect(noted, `${what} opened a face and left no row`).not.toEqual([]);
  else {
    const text = Buffer.isBuffer(answer) ? answer.toString('latin1') : JSON.stringify(answer ?? null);
    const shown = watched.faces.filter(
      (f) => text.includes(f.toString('latin1')) || text.includes(f.toString('base64')),
    );
    expect(shown, `${what} showed a face that nothing was seen to open`).toEqual([]);
  }
  for (const stack of watched.opened) {
    const files = [...stack.matchAll(/(?:file:\/\/)?(\/[^\s():]+\.ts)/g)].map((m) => relative(ROOT, m[1]!));
    const asked = files.find((f) => f.startsWith('sync/server/') && !BELOW.test(f));
    expect(KNOWN, `${what}: faces are opened in ${asked}`).toContain(asked);
    asking.add(asked!);
  }
  return watched.opened.length;
}

const filled = (spec: Route) => {
  const { ids } = world;
  return spec.path.replaceAll(/:(\w+)/g, (_, name: string) => ids[name] ?? ids.person!);
};

test('every route that decrypts a face, called by any role, leaves an audit row', async () => {
  const opening = new Set<string>();
  for (const spec of endpointsOf(MODULES).filter((s) => s.method === 'GET'))
    for (const role of ROLES) {
      if (spec.roles === 'anybody' || !spec.roles.includes(role)) continue;
      const as = role === 'person' ? opened.api.actorOf(role, world.ids.person) : role;
      const n = await watch(`${spec.path} as ${role}`, () => opened.api.ask('GET', filled(spec), { as }));
      if (n > 0) opening.add(spec.path);
    }
  expect([...opening].sort()).toEqual([
    '/api/gdpr/export/my-data',
    '/api/imports/:import/photos/:photo/picture',
    '/api/people/:person/picture',
  ]);
});

test('pages for kiosks, every job, and merges leave one too', async () => {
  const { api } = opened;
  expect(await watch('a page for a kiosk', () => opened.api.changesFor(world.device))).toBeGreaterThan(0);
  const seen = new Map<string, number>();
  for (const job of jobsOf(MODULES)) {
    if (job.wanted && !(await job.wanted(api.services))) continue;
    const signal = AbortSignal.timeout(60_000);
    seen.set(job.name, await watch(`the job ${job.name}`, () => job.run({ ...api.services, signal })));
  }
  expect(seen.get('duplicates')).toBeGreaterThan(0);
  const pair = { kept: world.ids.person!, merged: world.twin, by: 'test' };
  expect(
    await watch('a merge', () => mergePeople({ db: api.db, keys: api.keys, modules: MODULES }, pair, NOW)),
  ).toBeGreaterThan(0);
  // Each of them was seen, so the list has no outdated entry.
  expect([...asking].sort()).toEqual(KNOWN);
});

test('this check notices a decryption without an audit row', async () => {
  const { api } = opened;
  const row = await api.db.selectFrom('enrolment_photo').selectAll().executeTakeFirstOrThrow();
  const box = await personBox(api.db, api.keys, [row.person]);
  const { enrolmentPhotoPlace } = await import('../../sync/server/core/templates/photos.ts');
  const unnoted = watch('a look of nobody', async () => box.open(enrolmentPhotoPlace(row.id, row.person), row.sealed));
  await expect(unnoted).rejects.toThrow('opened a face and left no row');
});
