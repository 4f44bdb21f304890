import { readFileSync } from 'node:fs';
import { v7 } from 'uuid';
import { RAW_TYPE } from '../../sync/protocol/api/endpoint.ts';
import { createLink } from '../../sync/server/core/accounts/links.ts';
import { mailPersonLink } from '../../sync/server/core/accounts/routes.ts';
import { markInConsole } from '../../sync/server/core/lookalikes/store.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { stillsOfA } from '../footage/index.ts';
import type { PeopleListener, Visitor } from '../kit/listener.ts';

/** Every write about a person that the people listener accepts, each as one request that succeeds. */

export interface Write {
  /** The person it is about. The erasure must leave nothing of them, or of anyone else involved. */
  readonly person: string;
  readonly others?: readonly string[];
  /** @returns null if it succeeded, otherwise the error code */
  send(): Promise<string | null>;
}

/** Occurs in every name and text that is written about one of them. */
export const NAME = 'Zanzibar';

export interface Scenario {
  /** `METHOD path`, as declared. */
  readonly route: string;
  /** Which part of it, if it does several things. */
  readonly what?: string;
  make(office: Office): Promise<Write>;
}

export type Office = Awaited<ReturnType<typeof officeOn>>;

export async function officeOn(web: PeopleListener) {
  const staff = await web.signIn('staff');
  const dpo = await web.signIn('dpo');
  const admin = await web.signIn('admin');
  let count = 0;

  /** From a separate IP address, so that rate limits don't interfere. */
  function ask(who: Visitor, method: Method, url: string, body?: unknown) {
    const headers: Record<string, string> = Buffer.isBuffer(body) ? { 'content-type': RAW_TYPE } : {};
    const { ip } = web.visitor();
    return web.ask({ ...who, ip }, method, url, body ?? (method === 'GET' ? undefined : {}), headers);
  }

  /** @returns null if it succeeded, otherwise the error code */
  async function send(who: Visitor, method: Method, url: string, body?: unknown): Promise<string | null> {
    const answer = await ask(who, method, url, body);
    if (answer.status < 300) return null;
    const { code = `status-${answer.status}` } = answer.json();
    if (answer.status >= 500) throw new Error(`${method} ${url}: ${code}\n${web.logged.slice(-3000)}`);
    return code;
  }

  async function done<T>(who: Visitor, method: Method, url: string, body?: unknown): Promise<T> {
    const answer = await ask(who, method, url, body);
    if (answer.status >= 300) throw new Error(`${method} ${url}: ${answer.status} ${answer.text}`);
    return answer.json() as T;
  }

  async function person(extra: object = {}): Promise<string> {
    count += 1;
    const who = {
      name: `Zanzibar ${count}`,
      number: `z${count}`,
      email: `zanzibar${count}@example.org`,
      language: 'en',
    };
    return (await done<{ id: string }>(staff, 'POST', '/api/people', { ...who, ...extra })).id;
  }

  /** Records a check-in of theirs by hand. */
  async function record(of: string, minutesAgo = 60): Promise<string> {
    const at = new Date(web.now.getTime() - minutesAgo * 60_000).toISOString();
    const body = { kind: 'add', person: of, at, direction: 'in', reason: 'was there' };
    return (await done<{ id: string }>(staff, 'POST', '/api/corrections', body)).id;
  }

  const agree = (of: string) => done(staff, 'POST', `/api/people/${of}/consents`, { textVersion: '1', language: 'en' });

  /** Adds a picture of theirs to an import. */
  async function photo(of: string): Promise<{ run: string; photo: string }> {
    const { id: run } = await done<{ id: string }>(staff, 'POST', '/api/imports', { basis: null });
    await done(staff, 'POST', `/api/imports/${run}/files?name=face.jpg`, Buffer.from('a picture'));
    const { items } = await done<{ items: { id: string }[] }>(staff, 'GET', `/api/imports/${run}/photos?limit=10`);
    const { id: photo } = items[0]!;
    if (of !== '') await done(staff, 'POST', `/api/imports/${run}/photos/${photo}/person`, { person: of });
    return { run, photo };
  }

  /** Marks it as good without anyone having looked at it. */
  async function judged(of: string, state: 'judged' | 'accepted') {
    const made = await photo(of);
    await web.db
      .updateTable('import_photo')
      .set({ state, code: null, template: Buffer.alloc(64), model: 'test', pose: 'front' })
      .where('id', '=', made.photo)
      .execute();
    return made;
  }

  async function pair(): Promise<{ candidate: string; first: string; second: string }> {
    const [first = '', second = ''] = [await person(), await person()].sort();
    const candidate = v7();
    const decided = { decided_at: null, decided_by: null };
    await web.db
      .insertInto('merge_candidate')
      .values({
        id: candidate,
        first,
        second,
        reason: 'number',
        score: null,
        found_at: web.now,
        status: 'open',
        ...decided,
      })
      .execute();
    return { candidate, first, second };
  }

  async function complaint(of: string): Promise<string> {
    const record_ = await record(of);
    await done(await web.signIn('person', of), 'POST', '/api/me/complaints', { record: record_, message: 'Not so' });
    const row = await web.db.selectFrom('complaint').select('id').where('person', '=', of).executeTakeFirstOrThrow();
    return row.id;
  }

  const requestErasure = (of: string) => done(dpo, 'POST', '/api/erasures', { person: of, undoDays: 0 });

  const me = (of: string) => web.signIn('person', of);
  return {
    web,
    staff,
    dpo,
    admin,
    send,
    done,
    person,
    record,
    agree,
    photo,
    judged,
    pair,
    complaint,
    me,
    requestErasure,
  };
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A write by staff about one person. `:person` is theirs; `make` provides the other parts. */
const byStaff = (
  route: string,
  body: (o: Office, person: string) => unknown = () => undefined,
  prepare: (o: Office, person: string) => Promise<unknown> = async () => undefined,
  what?: string,
): Scenario => ({
  route,
  ...(what && { what }),
  async make(o) {
    const person = await o.person();
    const parts: Record<string, string> = { person, ...((await prepare(o, person)) as object) };
    const [method, path = ''] = route.split(' ');
    const url = path.replaceAll(/:(\w+)/g, (_, name: string) => parts[name]!);
    return { person, send: () => o.send(o.staff, method as Method, url, body(o, person)) };
  },
});

/** A write by a person about themselves. */
const byPerson = (
  route: string,
  body: (o: Office, prepared: string) => unknown = () => undefined,
  prepare: (o: Office, person: string) => Promise<unknown> = async () => undefined,
): Scenario => ({
  route,
  async make(o) {
    const person = await o.person();
    const prepared = String(await prepare(o, person));
    const who = await o.me(person);
    const [method, path = ''] = route.split(' ');
    const url = path.replaceAll(/:\w+/g, prepared);
    return { person, send: () => o.send(who, method as Method, url, body(o, prepared)) };
  },
});

/** Corrects a record, or the correction that `first` makes of it. */
const correction = (what: string, body: object, first?: object): Scenario => ({
  route: 'POST /api/corrections',
  what,
  async make(o) {
    const person = await o.person();
    let target = await o.record(person);
    if (first) {
      const made = { ...first, target, reason: 'wrong' };
      target = (await o.done<{ id: string }>(o.staff, 'POST', '/api/corrections', made)).id;
    }
    return { person, send: () => o.send(o.staff, 'POST', '/api/corrections', { ...body, target, reason: 'Zanzibar' }) };
  },
});

const firstCredential = async (o: Office, person: string): Promise<string> => {
  await o.done(o.staff, 'POST', `/api/people/${person}/badges`, { number: `b-${person}` });
  type List = { items: { id: string }[] };
  return (await o.done<List>(o.staff, 'GET', `/api/people/${person}/credentials`)).items[0]!.id;
};
const asMinor = (o: Office, person: string) =>
  o.done(o.staff, 'PUT', `/api/people/${person}/minor`, { bornOn: '2014-01-01', guardian: null });
const GUARDIAN = { name: 'Zanzibar Senior', relation: 'mother' };
const evacuation = async (o: Office): Promise<{ evacuation: string }> => ({
  evacuation: (await o.done<{ id: string }>(o.staff, 'POST', '/api/evacuations', {})).id,
});
const seenOutside = async (o: Office, person: string) => {
  const made = await evacuation(o);
  await o.done(o.staff, 'PUT', `/api/evacuations/${made.evacuation}/people/${person}`);
  return made;
};

const merging = (what: 'kept' | 'merged'): Scenario => ({
  route: 'POST /api/duplicates/:candidate/merge',
  what: `who is erased is the one ${what}`,
  async make(o) {
    const { candidate, first, second } = await o.pair();
    for (const one of [first, second]) {
      await o.agree(one);
      await o.record(one);
      await firstCredential(o, one);
      await asMinor(o, one);
    }
    const kept = what === 'kept' ? first : second;
    const url = `/api/duplicates/${candidate}/merge`;
    return { person: first, others: [second], send: () => o.send(o.staff, 'POST', url, { kept }) };
  },
});

const attention = (route: string, resolved: boolean): Scenario => ({
  route,
  async make(o) {
    const person = await o.person();
    const item = { kind: 'complaint', ref: await o.complaint(person) };
    const note = { ...item, note: 'Spoke with Zanzibar' };
    if (resolved) await o.done(o.staff, 'POST', '/api/attention/resolve', note);
    const [method, url = ''] = route.split(' ');
    return { person, send: () => o.send(o.staff, method as Method, url, resolved ? item : note) };
  },
});

/** An administrator's decision on a pending enrolment whose face is similar to an enrolled person's. */
const waiting = (what: 'accept' | 'refuse'): Scenario => ({
  route: `POST /api/enrolment/waiting/:case/${what}`,
  async make(o) {
    const picture = readFileSync(stillsOfA()[0]!).toString('base64');
    // People enrolled earlier from the same picture would cause a question too.
    await o.web.db.deleteFrom('template').execute();
    const people = [await o.person(), await o.person()];
    for (const one of people) {
      await o.agree(one);
      const body = { source: 'photo', pictures: [picture], duplicate: { what: 'wait' } };
      await o.done(o.staff, 'POST', `/api/people/${one}/enrolment`, body);
    }
    const { id, person, other } = await o.web.db
      .selectFrom('enrolment_case')
      .select(['id', 'person', 'other'])
      .where('person', 'in', people)
      .orderBy('made_at', 'desc')
      .executeTakeFirstOrThrow();
    const known = await o.done<{ name: string }>(o.staff, 'GET', `/api/people/${other}`);
    const url = `/api/enrolment/waiting/${id}/${what}`;
    const body = what === 'accept' ? { typed: known.name } : undefined;
    return { person, others: people, send: () => o.send(o.admin, 'POST', url, body) };
  },
});

export const SCENARIOS: readonly Scenario[] = [
  {
    route: 'POST /api/session',
    async make(o) {
      const person = await o.person();
      const { db, keys, now } = o.web;
      const { token } = await inTransaction(db, (tx) => createLink(tx, keys, { kind: 'person', person }, now));
      return { person, send: () => o.send(o.web.visitor(), 'POST', '/api/session', { token }) };
    },
  },
  byPerson('DELETE /api/sessions'),
  byStaff('POST /api/people/:person/sign-in-links', () => ({ send: false })),
  {
    // The answer is sent before its work is done.
    route: 'POST /api/sign-in-links',
    async make(o) {
      const email = `link-${v7()}@example.org`;
      const person = await o.person({ email });
      const mail = { host: '127.0.0.1', port: 1, implicitTls: true, from: 'a@example.org', caFile: null } as never;
      const services = { ...o.web.services, config: { ...o.web.config, mail } };
      const nobody = { role: 'nobody', id: null, email: null, ip: null, userAgent: null } as const;
      const send = async () => {
        try {
          await mailPersonLink(services, email, nobody);
        } catch (cause) {
          if ((cause as { code?: string }).code !== 'mail-not-sent') throw cause;
        }
        return null;
      };
      return { person, send };
    },
  },
  byStaff(
    'POST /api/imports/:import/photos/:photo/person',
    (_, person) => ({ person }),
    async (o) => {
      const { run, photo } = await o.photo('');
      return { import: run, photo };
    },
  ),
  byStaff(
    'POST /api/imports/:import/photos/:photo/decision',
    () => ({ decision: 'accept' }),
    async (o, person) => {
      const { run, photo } = await o.judged(person, 'judged');
      return { import: run, photo };
    },
  ),
  byStaff('POST /api/imports/:import/accept-all', undefined, async (o, person) => ({
    import: (await o.judged(person, 'judged')).run,
  })),
  byStaff('POST /api/imports/:import/apply', undefined, async (o, person) => ({
    import: (await o.judged(person, 'accepted')).run,
  })),
  byStaff('POST /api/imports/:import/cancel', undefined, async (o, person) => ({
    import: (await o.judged(person, 'judged')).run,
  })),
  byStaff(
    'POST /api/people/:person/enrolment',
    () => ({ source: 'photo', pictures: [readFileSync(stillsOfA()[0]!).toString('base64')] }),
    (o, person) => o.agree(person),
  ),
  {
    route: 'POST /api/erasures',
    async make(o) {
      const person = await o.person();
      return { person, send: () => o.send(o.dpo, 'POST', '/api/erasures', { person, undoDays: 0 }) };
    },
  },
  {
    route: 'POST /api/retention/holds',
    async make(o) {
      const person = await o.person();
      const send = () => o.send(o.dpo, 'POST', '/api/retention/holds', { person, reason: 'Zanzibar sues' });
      return { person, send };
    },
  },
  merging('kept'),
  merging('merged'),
  {
    route: 'POST /api/duplicates/:candidate/not-duplicates',
    async make(o) {
      const { candidate, first, second } = await o.pair();
      const send = () => o.send(o.staff, 'POST', `/api/duplicates/${candidate}/not-duplicates`);
      return { person: first, others: [second], send };
    },
  },
  {
    route: 'DELETE /api/duplicates/:candidate/not-duplicates',
    async make(o) {
      const { candidate, first, second } = await o.pair();
      const route = `/api/duplicates/${candidate}/not-duplicates`;
      await o.done(o.staff, 'POST', route);
      return { person: first, others: [second], send: () => o.send(o.staff, 'DELETE', route) };
    },
  },
  waiting('accept'),
  waiting('refuse'),
  {
    route: 'POST /api/lookalikes/:pair/remove',
    async make(o) {
      const [first, second] = [await o.person(), await o.person()];
      const { db, now } = o.web;
      await inTransaction(db, (tx) => markInConsole(tx, [first, second], { reason: 'enrolment', by: null }, now));
      const { id } = await db
        .selectFrom('lookalike')
        .select('id')
        .where((eb) => eb.or([eb('first', '=', first), eb('second', '=', first)]))
        .executeTakeFirstOrThrow();
      const send = () => o.send(o.admin, 'POST', `/api/lookalikes/${id}/remove`);
      return { person: first, others: [second], send };
    },
  },
  attention('POST /api/attention/resolve', false),
  attention('POST /api/attention/reopen', true),
  byPerson(
    'POST /api/me/complaints',
    (_, record) => ({ record, message: 'Zanzibar was not there' }),
    (o, person) => o.record(person),
  ),
  byStaff('POST /api/people/:person/consents', () => ({ textVersion: '1', language: 'en' })),
  byStaff(
    'POST /api/people/:person/consents',
    () => ({ textVersion: '1', language: 'en', guardian: GUARDIAN }),
    asMinor,
    'of a minor',
  ),
  byStaff('POST /api/people/:person/consents/withdraw', undefined, (o, person) => o.agree(person)),
  {
    route: 'POST /api/corrections',
    what: 'add',
    async make(o) {
      const person = await o.person();
      const at = new Date(o.web.now.getTime() - 3_600_000).toISOString();
      const body = { kind: 'add', person, at, direction: 'in', reason: 'Zanzibar was there' };
      return { person, send: () => o.send(o.staff, 'POST', '/api/corrections', body) };
    },
  },
  correction('replace', { kind: 'replace', direction: 'out' }),
  correction('void', { kind: 'void' }),
  correction('undo of an added record', { kind: 'undo' }),
  correction('undo of a replacement', { kind: 'undo' }, { kind: 'replace', direction: 'out' }),
  correction('undo of a void', { kind: 'undo' }, { kind: 'void' }),
  byStaff('POST /api/people/:person/cards'),
  byStaff('POST /api/people/:person/badges', () => ({ number: '0411223344' })),
  byStaff('DELETE /api/people/:person/credentials/:credential', undefined, async (o, person) => ({
    credential: await firstCredential(o, person),
  })),
  byPerson('POST /api/me/qr'),
  byPerson('DELETE /api/me/credentials/:credential', undefined, firstCredential),
  byStaff('PATCH /api/people/:person', () => ({ name: 'Zanzibar Junior' })),
  byStaff('PATCH /api/people/:person', () => ({ gpsOptOut: true }), undefined, 'out of positions'),
  byStaff(
    'PUT /api/people/:person/sites',
    () => ({ sites: ['11111111-1111-4111-8111-111111111111'] }),
    async (o, person) => {
      await o.done(o.staff, 'PUT', `/api/people/${person}/sites`, { sites: [] });
    },
  ),
  byStaff('DELETE /api/people/:person/templates'),
  byStaff('PUT /api/people/:person/minor', () => ({ bornOn: '2014-01-01', guardian: GUARDIAN })),
  byStaff('DELETE /api/people/:person/minor', undefined, asMinor),
  byStaff('POST /api/people/:person/pin-code'),
  byStaff('DELETE /api/people/:person/pin-code', undefined, (o, person) =>
    o.done(o.staff, 'POST', `/api/people/${person}/pin-code`),
  ),
  byStaff('DELETE /api/people/:person/pin', undefined, async ({ web: { db, now } }, person) => {
    const pin = { person, id: v7(), pepper: v7(), sealed: Buffer.alloc(40), device: null, chosen_at: now };
    await db.insertInto('pin').values(pin).execute();
  }),
  byStaff('PUT /api/evacuations/:evacuation/people/:person', undefined, evacuation),
  byStaff('DELETE /api/evacuations/:evacuation/people/:person', undefined, seenOutside),
  byStaff('POST /api/evacuations/:evacuation/end', undefined, seenOutside),
  byPerson('PATCH /api/me', () => ({ name: 'Zanzibar Junior' })),
  byPerson('PUT /api/me/gps', () => ({ optOut: true })),
  byPerson('POST /api/me/consent', () => ({ textVersion: '1', language: 'en' })),
  byPerson('POST /api/me/consent/withdraw', undefined, (o, person) => o.agree(person)),
  byPerson(
    'DELETE /api/gdpr/delete/my-account',
    (_, confirmation) => ({ confirmation }),
    async (o, person) => {
      const who = await o.me(person);
      const url = '/api/gdpr/delete/my-account/confirmation';
      return (await o.done<{ confirmation: string }>(who, 'POST', url)).confirmation;
    },
  ),
];

/** Routes that declare personal data but concern nobody who exists yet, or belong to the erasure itself, with the reason. */
export const EXCUSED: Readonly<Record<string, string>> = {
  'POST /api/demo/empty': 'only asks for erasures; anything but a demo refuses it',
  'POST /api/imports': 'an import is of nobody before its pictures are looked at',
  'POST /api/imports/:import/files': 'a picture is of nobody before it is looked at',
  'POST /api/imports/:import/people': 'has people made, by a job, who are not there yet',
  'POST /api/imports/:import/people/undo': 'has people erased, by a job, each by a request of its own',
  'POST /api/people': 'makes someone who is not there yet',
  'POST /api/evacuations': 'a roll call is of nobody before someone is marked',
  'POST /api/retention/holds/:hold/release': 'without it an erasure waits; the closing step deletes what was released',
  'POST /api/erasures/:request/undo': 'under the lock on the request, which the closing step takes first',
  'POST /api/gdpr/delete/my-account/undo': 'as the other',
};
