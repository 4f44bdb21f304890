import { z } from 'zod';
import { embeddersIn } from '../../../../models/node/embedders.ts';
import { embedderId } from '../../../../models/rules/manifest.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { operation } from '../../core/operator/operation.ts';
import { namesOf } from '../../core/people/records.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { peopleOf } from '../../platform/keys/persons.ts';
import { beginMove, cancelMove, finishMove, progressOf, switchKiosks } from './migrate.ts';
import { presentEmbedder } from './present.ts';

const Nothing = z.strictObject({});
const audit = { action: 'operate', data: ['template'] } as const;

export const embedderOperations = {
  'models list': operation({
    args: Nothing,
    run: async ({ db, config }) => ({
      present: await presentEmbedder(db),
      embedders: embeddersIn(config.weights).map((w) => ({ id: embedderId(w), provenance: w.provenance })),
    }),
  }),
  'models migrate': operation({
    args: z.strictObject({ to: z.string().min(1).max(80) }),
    audit: { ...audit, resource: ({ to }) => to },
    run: ({ db, config, now }, { to }) =>
      inTransaction(db, (tx) => beginMove(tx, { to, weights: config.weights, by: 'operator' }, now())),
  }),
  'models status': operation({
    args: Nothing,
    run: ({ db }) => progressOf(db),
  }),
  /** Who to enrol again, and why. */
  'models reenrol': operation({
    args: Nothing,
    audit: {
      action: 'read',
      data: ['person.name'],
      people: (_args, list) => (list as { person: string }[]).map((p) => p.person),
    },
    async run({ db, keys }) {
      const move = await progressOf(db);
      if (!move) return [];
      const rows = await db
        .selectFrom('model_migration_person')
        .select(['person', 'code'])
        .where('migration', '=', move.id)
        .where('outcome', '=', 'reenrol')
        .orderBy('person')
        .execute();
      const names = await namesOf(db, keys, peopleOf(rows));
      return rows.map((r) => ({ person: Uuid.parse(r.person), name: names.get(r.person) ?? null, code: r.code }));
    },
  }),
  'models switch': operation({
    args: Nothing,
    audit,
    async run({ db, now, onChange }) {
      await inTransaction(db, (tx) => switchKiosks(tx, 'operator', now()));
      onChange();
      return progressOf(db);
    },
  }),
  'models finish': operation({
    args: Nothing,
    audit: { ...audit, action: 'delete' },
    async run({ db, now, onChange }) {
      const people = await inTransaction(db, (tx) => finishMove(tx, now()));
      onChange();
      return { people };
    },
  }),
  'models cancel': operation({
    args: Nothing,
    audit: { ...audit, action: 'delete' },
    async run({ db, now, onChange }) {
      await inTransaction(db, (tx) => cancelMove(tx, now()));
      onChange();
      return progressOf(db);
    },
  }),
} as const;
