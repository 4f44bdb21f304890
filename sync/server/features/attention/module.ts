import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/attention.ts';
import { Moment } from '../../../protocol/api/page.ts';
import { getSetup, SETUP_STEPS, type SetupStep } from '../../../protocol/api/setup.ts';
import { hasEnrolledAdmin } from '../../core/accounts/accounts.ts';
import { isTextAdopted } from '../../core/consents/filled.ts';
import { notePlace, openNotes } from '../../core/people/notes.ts';
import { policyOf } from '../../core/sites/policy.ts';
import { DEFAULT_SCOPE, scopeOfSite } from '../../core/sites/sites.ts';
import { pageFrom, readPageCursor } from '../../platform/access/cursor.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { exists, findSorted } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Reading } from '../../platform/my-data.ts';
import { attentionOf, deleteBy, type ServerModule, UNDER_EVERY_NAME } from '../../platform/server-module.ts';
import { alertRoutes, alertsJob, unlinkItems } from './alerts.ts';
import { countAttention, countListed, listAttention, reopenItem, resolveItem } from './items.ts';

const seenBy = (actor: Actor): readonly api.AttentionKind[] => api.ATTENTION_OF_ROLE[actor.role] ?? [];

/** Contents of a cursor: the sorting of the list, then the sort key. */
const After = z.tuple([z.string(), Moment, api.AttentionKind, z.string().max(120)]);

/** Checks whether a setup step is done. */
const STEPS: Readonly<Record<SetupStep, (db: Db) => Promise<boolean>>> = {
  account: hasEnrolledAdmin,
  contacts: async (db) => Boolean((await policyOf(db, DEFAULT_SCOPE)).privacy),
  texts: isTextAdopted,
  kiosk: (db) => exists(db, 'device', { status: 'approved' }),
  person: (db) => exists(db, 'template', {}),
  checkin: (db) => exists(db, 'checkin', {}),
};

const attentionRoutes: readonly Route[] = [
  implement(api.listAttention, async ({ tx, services: { keys, modules }, actor, query, now, about }) => {
    const { cursor, limit, kind, state, sort, site, total } = query;
    const after = readPageCursor(After, cursor, sort);
    const kinds = kind === undefined ? seenBy(actor) : [seen(actor, kind)];
    const scope = site === undefined ? null : await scopeOfSite(tx, site);
    const sources = attentionOf(modules);
    const asked = { kinds, state, scope };
    const items = await listAttention(tx, keys, sources, { ...asked, sort, limit: limit + 1, after }, now);
    about(items.slice(0, limit).flatMap((i) => [i.person, i.other?.id ?? null].filter((id) => id !== null)));
    const page = pageFrom(items, limit, (i) => [sort, i.at, i.kind, i.ref]);
    return { ...page, total: total && !after ? await countListed(tx, sources, asked, now) : null };
  }),
  implement(api.countAttention, ({ tx, services: { modules }, actor, now }) =>
    countAttention(tx, attentionOf(modules), seenBy(actor), now),
  ),
  implement(api.resolveAttention, async ({ tx, services: { keys, modules }, actor, body, now, about, on, notify }) => {
    on(`${seen(actor, body.kind)} ${body.ref}`);
    const person = await resolveItem(tx, keys, attentionOf(modules), body, actor.id, now);
    if (person) about([person]);
    notify('board');
  }),
  implement(api.reopenAttention, async ({ tx, actor, body, about, on, notify }) => {
    on(`${seen(actor, body.kind)} ${body.ref}`);
    const person = await reopenItem(tx, body.kind, body.ref);
    if (person) about([person]);
    notify('board');
  }),
  implement(getSetup, async ({ tx }) => {
    const done: SetupStep[] = [];
    for (const step of SETUP_STEPS) if (await STEPS[step](tx)) done.push(step);
    return { done };
  }),
];

function seen(actor: Actor, kind: api.AttentionKind): api.AttentionKind {
  if (seenBy(actor).includes(kind)) return kind;
  throw new Problem('not-allowed');
}

async function* notes({ tx, keys, names }: Reading) {
  const rows = await findSorted(tx, 'attention_note', { person: names }, ['resolved_at']);
  const opened = await openNotes(tx, keys, rows);
  for (const { kind, ref, resolved_at } of rows)
    yield { kind, about: ref, at: resolved_at.toISOString(), note: opened.get(`${kind} ${ref}`)?.note };
}

export const attention: ServerModule = {
  endpoints: [...attentionRoutes, ...alertRoutes],
  jobs: [alertsJob],
  tables: {
    alert_account: { notPersonal: 'what accounts are mailed; an account is no person’s record of attendance' },
    alert_item: {
      notExported:
        'what kind of item there is, where and since when: of records, consents and templates that the export shows',
      merged: UNDER_EVERY_NAME,
      erased: unlinkItems,
    },
    alert_sent: { notPersonal: 'which item an account was mailed' },
    attention_note: {
      sealed: {
        by: 'person-or-environment',
        id: { kind: 'text', ref: 'text' },
        columns: { note: (cell, person) => notePlace(cell('kind'), cell('ref'), person) },
      },
      exported: 'attention',
      merged: UNDER_EVERY_NAME,
      erased: deleteBy('person'),
    },
  },
  myData: { attention: notes },
};
