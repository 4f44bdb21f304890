import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/attention.ts';
import { ATTENTION_KINDS, AttentionKind } from '../../../protocol/api/attention.ts';
import { Moment } from '../../../protocol/api/page.ts';
import { pageFrom, readPageCursor } from '../../platform/access/cursor.ts';
import { implement, type Route } from '../../platform/access/route.ts';
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

export const attentionRoutes: readonly Route[] = [
  implement(
    api.listAttention,
    async ({ tx, services: { keys }, actor, query: { cursor, limit, kind, state }, now, about }) => {
      const from = readPageCursor(After, cursor);
      const kinds = kind === undefined ? seenBy(actor) : [seen(actor, kind)];
      const after = from && { at: from[0], kind: from[1], ref: from[2] };
      const items = await listAttention(tx, keys, { kinds, state, limit: limit + 1, after }, now);
      about(items.slice(0, limit).flatMap((i) => [i.person, i.other?.id ?? null].filter((id) => id !== null)));
      return pageFrom(items, limit, (i) => [i.at, i.kind, i.ref]);
    },
  ),
  implement(api.countAttention, ({ tx, actor, now }) => countAttention(tx, seenBy(actor), now)),
  implement(api.resolveAttention, async ({ tx, services: { keys }, actor, body, now, about, on, notify }) => {
    on(`${seen(actor, body.kind)} ${body.ref}`);
    const person = await resolveItem(tx, keys, body, actor.id, now);
    if (person) about([person]);
    notify('board');
  }),
  implement(api.reopenAttention, async ({ tx, actor, body, about, on, notify }) => {
    on(`${seen(actor, body.kind)} ${body.ref}`);
    const person = await reopenItem(tx, body.kind, body.ref);
    if (person) about([person]);
    notify('board');
  }),
];

function seen(actor: Actor, kind: AttentionKind): AttentionKind {
  if (seenBy(actor).includes(kind)) return kind;
  throw new Problem('not-allowed');
}
