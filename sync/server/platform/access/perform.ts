import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import type { Actor } from '../audit/actor.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { recordRead } from '../audit/reads.ts';
import { prepareRow, sendAudit } from '../audit/write.ts';
import { inTransaction } from '../database/retry.ts';
import type { Db, Tx } from '../database/schema.ts';
import { keepAuditRoots } from '../keys/persons.ts';
import { claim, type KeptAnswer } from './idempotency.ts';
import { type Call, type FileAnswer, Refused, type Route, type Services } from './route.ts';
import type { Session } from './session.ts';
import { type Spooled, spool } from './spool.ts';

/** A request that was admitted and parsed. */
export interface Request {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly actor: Actor;
  readonly session: Session | null;
  readonly now: Date;
  readonly prepared: unknown;
  /** Null if none was sent or the caller isn't signed in. */
  readonly idempotencyKey: string | null;
  /** Path with its parameters filled in, without the query. */
  readonly url: string;
}

/** What was committed, and what to do after the commit. */
export interface Performed {
  readonly answer: KeptAnswer;
  readonly file: { readonly name: string; readonly type: string; readonly spooled: Spooled } | null;
  readonly refused: Problem | null;
  readonly notified: ReadonlySet<'board' | 'change'>;
  readonly after: readonly (() => Promise<void>)[];
  /** The new session cookie. Null removes it; undefined leaves it unchanged. */
  readonly cookie: { readonly token: string; readonly expiresAt: Date } | null | undefined;
}

/**
 * Runs a handler in one transaction that ends with the declared audit row. A file is read to its end within the transaction,
 * so that the row names everyone in the file. Without a file, a GET needs no transaction, because it changes nothing (RFC 9110,
 * section 9.2.1): its answer is returned once its audit row is committed.
 *
 * @throws what the handler throws; nothing was changed then
 */
export async function perform(services: Services, spec: Route, asked: Request): Promise<Performed> {
  const { db, keys } = services;
  if (spec.method === 'GET' && spec.answer !== 'file') {
    // The same database under another name, for which the people who are shown are remembered.
    const read: Db = db.withTables();
    keepAuditRoots(read);
    let recorded: Promise<void> | undefined;
    const record = async (entry: AuditEntry) => {
      recorded = recordRead(db, keys, await prepareRow(read, keys, entry, asked.now));
      recorded.catch(() => undefined); // awaited below
      // The row is sent before the answer is checked, so that the database and this process work at the same time.
      await nextTurn();
    };
    const performed = await attempt(read as Tx, record, services, spec, asked, []);
    await recorded;
    return performed;
  }
  const files: Spooled[] = [];
  try {
    return await inTransaction(db, (tx, last) => {
      const record = async (entry: AuditEntry) => last((await sendAudit(tx, keys, entry, asked.now)).written);
      return attempt(tx, record, services, spec, asked, files);
    });
  } catch (cause) {
    for (const file of files) await file.discard();
    throw cause;
  }
}

async function attempt(
  tx: Tx,
  record: (entry: AuditEntry) => Promise<void>,
  services: Services,
  spec: Route,
  asked: Request,
  files: Spooled[],
): Promise<Performed> {
  // A retried transaction starts without the files of the previous attempt.
  for (const file of files.splice(0)) await file.discard();
  const { now, session, idempotencyKey } = asked;
  const { person, ...named } = asked.params as Readonly<Record<string, string | undefined>>;
  const subjects = new Set(person === undefined ? [] : [person]);
  const notified = new Set<'board' | 'change'>();
  const after: (() => Promise<void>)[] = [];
  let { actor } = asked;
  let resource = Object.values(named).join(' ') || null;
  let cookie: Performed['cookie'];
  const audit = async (outcome: string) => {
    if (spec.data.length === 0 && spec.action === 'read') return;
    const { action, method, path, data } = spec;
    await record({ actor, action, route: `${method} ${path}`, resource, data, subjects: [...subjects], outcome });
  };
  const owner = session?.account ?? session?.person ?? null;
  const { params, query, body } = asked;
  const claimed =
    idempotencyKey && owner
      ? await claim(tx, idempotencyKey, owner, [spec.method, asked.url, query ?? null, digestible(body)], now)
      : null;
  if (claimed?.kept) {
    for (const person of claimed.kept.subjects) subjects.add(person);
    await audit('repeated');
    return { answer: claimed.kept, file: null, refused: null, notified, after, cookie };
  }
  const call: Call<unknown, unknown, unknown, unknown> = {
    tx,
    services,
    actor,
    session,
    params,
    query,
    body,
    now,
    prepared: asked.prepared,
    about: (people) => {
      for (const person of people) subjects.add(person);
    },
    on: (what) => {
      resource = what;
    },
    notify: (...what) => {
      for (const one of what) notified.add(one);
    },
    after: (work) => void after.push(work),
    cookie: (token) => {
      cookie = token;
    },
    as: (who) => {
      actor = { ...actor, ...who };
    },
  };
  const result = await spec.handle(call);
  if (result instanceof Refused) {
    await claimed?.release();
    await audit(result.problem.code);
    return { answer: NOTHING, file: null, refused: result.problem, notified, after, cookie };
  }
  if (spec.answer === 'file') {
    const { file, name, type } = result as FileAnswer;
    const spooled = await spool(file, join(services.config.home, 'spool'));
    files.push(spooled);
    await audit('ok');
    return { answer: NOTHING, file: { name, type, spooled }, refused: null, notified, after, cookie };
  }
  if (spec.method === 'GET') await audit('ok');
  const answer: KeptAnswer =
    spec.answer === 'nothing' ? NOTHING : { status: 200, body: shape(spec.answer, result), subjects: [...subjects] };
  await claimed?.keep(answer);
  if (spec.method !== 'GET') await audit('ok');
  return { answer, file: null, refused: null, notified, after, cookie };
}

/** What represents a body when requests are compared: its hash for a file, else the body itself. */
const digestible = (body: unknown): unknown =>
  body instanceof Uint8Array ? createHash('sha256').update(body).digest('base64url') : (body ?? null);

const NOTHING: KeptAnswer = { status: 204, body: null, subjects: [] };

/** Converts dates to RFC 3339 (`2026-11-29T08:00:00.000Z`). Objects without a date are not copied, but arrays are. */
function withTimesAsText(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(withTimesAsText);
  let copy: Record<string, unknown> | undefined;
  for (const name in value) {
    const field = (value as Record<string, unknown>)[name];
    const text = withTimesAsText(field);
    if (text === field) continue;
    copy ??= { ...value };
    copy[name] = text;
  }
  return copy ?? value;
}

/**
 * Returns an answer in the declared shape. Undeclared fields are removed, because a newer build running beside this one may
 * have added columns to a table.
 *
 * @throws Problem `answer-misshapen`, which names the fields, never their values
 */
function shape(declared: z.ZodType, result: unknown): unknown {
  const answer = withTimesAsText(result);
  let parsed = declared.safeParse(answer);
  if (parsed.error?.issues.every(({ code }) => code === 'unrecognized_keys')) {
    const rest = structuredClone(answer);
    for (const issue of parsed.error.issues) {
      const owner = issue.path.reduce<unknown>((at, name) => (at as Record<PropertyKey, unknown>)[name], rest);
      for (const key of issue.code === 'unrecognized_keys' ? issue.keys : [])
        Reflect.deleteProperty(owner as object, key);
    }
    parsed = declared.safeParse(rest);
  }
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map((i) => `${i.path.join('.')} ${i.code}`).join(', ');
  throw new Problem('answer-misshapen', { where });
}
