import { z } from 'zod';
import {
  ATTENTION_KINDS,
  AttentionCount,
  AttentionKind,
  AttentionPage,
  AttentionQuery,
  ReopenAttention,
  ResolveAttention,
} from '../../../protocol/api/attention.ts';
import { Moment } from '../../../protocol/api/page.ts';
import { Problem } from '../../../protocol/wire/problem.ts';
import { authRoute } from '../../platform/access/auth-route.ts';
import { pageFrom, readPageCursor } from '../../platform/access/cursor.ts';
import { type RouteSpec, route } from '../../platform/access/route.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { countAttention, listAttention } from './items.ts';
import { reopenItem, resolveItem } from './resolve.ts';

const ROLES = ['admin', 'dpo', 'staff'] as const;
/** A DPO sees what is about rights and consent; what the machinery could not do is the administrators'. */
const SEEN: Readonly<Record<(typeof ROLES)[number], readonly AttentionKind[]>> = {
  admin: ATTENTION_KINDS,
  staff: ATTENTION_KINDS.filter((kind) => kind !== 'quarantine' && kind !== 'rollout' && kind !== 'server'),
  dpo: ['void', 'complaint', 'consent', 'age'],
};
const seenBy = (actor: Actor): readonly AttentionKind[] => SEEN[actor.role as (typeof ROLES)[number]];

/** Sort key of the list. */
const After = z.tuple([Moment, AttentionKind, z.string().max(120)]);

const list = route({
  method: 'GET',
  path: '/api/attention',
  summary: 'What someone in charge has to look at, newest first',
  roles: ROLES,
  data: ['person.name', 'attendance', 'attention.note', 'complaint.words'],
  action: 'read',
  query: AttentionQuery,
  answer: AttentionPage,
  errors: ['cursor-unreadable', 'not-allowed'],
  async handle({ tx, services: { keys }, actor, query: { cursor, limit, kind, state }, now, about }) {
    const from = readPageCursor(After, cursor);
    const kinds = kind === undefined ? seenBy(actor) : [seen(actor, kind)];
    const after = from && { at: from[0], kind: from[1], ref: from[2] };
    const items = await listAttention(tx, keys, { kinds, state, limit: limit + 1, after }, now);
    about(items.slice(0, limit).flatMap((i) => [i.person, i.other?.id ?? null].filter((id) => id !== null)));
    return pageFrom(
      items,
      limit,
      (i) => i,
      (i) => [i.at, i.kind, i.ref],
    );
  },
});

const count = authRoute({
  method: 'GET',
  path: '/api/attention/count',
  summary: 'How many items wait, by kind',
  roles: ROLES,
  data: [],
  action: 'read',
  answer: AttentionCount,
  // The rail asks again and again: that is no use of the session.
  idle: true,
  handle: ({ tx, actor, now }) => countAttention(tx, seenBy(actor), now),
});

const resolve = route({
  method: 'POST',
  path: '/api/attention/resolve',
  summary: 'Say what was done about an item: it leaves the list, and the words stay',
  roles: ROLES,
  data: ['attention.note'],
  action: 'write',
  body: ResolveAttention,
  answer: 'nothing',
  errors: ['attention-unknown', 'attention-elsewhere', 'not-allowed'],
  async handle({ tx, services: { keys }, actor, body, now, about, on, notify }) {
    on(`${seen(actor, body.kind)} ${body.ref}`);
    const person = await resolveItem(tx, keys, body, actor.id, now);
    if (person) about([person]);
    notify('board');
  },
});

const reopen = route({
  method: 'POST',
  path: '/api/attention/reopen',
  summary: 'Put an item on the list again; what was noted about it goes',
  roles: ROLES,
  data: ['attention.note'],
  action: 'write',
  body: ReopenAttention,
  answer: 'nothing',
  errors: ['attention-unknown', 'not-allowed'],
  async handle({ tx, actor, body, about, on, notify }) {
    on(`${seen(actor, body.kind)} ${body.ref}`);
    const person = await reopenItem(tx, body.kind, body.ref);
    if (person) about([person]);
    notify('board');
  },
});

export const attentionRoutes: readonly RouteSpec[] = [list, count, resolve, reopen];

function seen(actor: Actor, kind: AttentionKind): AttentionKind {
  if (seenBy(actor).includes(kind)) return kind;
  throw new Problem('not-allowed', 'Your role does not include this.', 'Ask someone whose role does.');
}
