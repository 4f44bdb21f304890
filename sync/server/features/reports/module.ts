import type { ChangeOf, Reader } from '../../platform/changes/to-kiosks.ts';
import { findAll, update } from '../../platform/database/rows.ts';
import type { OneEvent } from '../../platform/events.ts';
import type { Reading } from '../../platform/my-data.ts';
import { deleteBy, type ServerModule, UNDER_EVERY_NAME } from '../../platform/server-module.ts';
import { exportRoutes } from './exports/routes.ts';
import { forgottenEvacuationsJob } from './presence/forgotten.job.ts';
import { ongoingAt, seenIn, takeRollCall } from './presence/roll-call.ts';
import { presenceRoutes } from './presence/routes.ts';
import { reportRoutes } from './routes.ts';
import { keepKioskStatistics } from './stats/kiosk-statistics.ts';
import { statsRoutes } from './stats/routes.ts';

/** Where someone saw them outside, while an evacuation goes on. */
async function* evacuations({ tx, names }: Reading) {
  const rows = await findAll(tx, 'evacuation_mark', { person: names });
  for (const { evacuation, at, device, missing } of rows)
    yield { evacuation, device, ...(missing ? { missingAt: at.toISOString() } : { accountedAt: at.toISOString() }) };
}

async function rollCall({ tx, event, device, scope, person, at, now, publish }: OneEvent<'evacuation'>): Promise<void> {
  publish(await takeRollCall(tx, { ...event.header.open, device, scope, person }, at, now));
  // Who it accounted for is forgotten at its end: so it is stored nowhere else.
  if (event.personal.person !== undefined)
    await update(tx, 'event', { id: event.header.id }, { person: null, personal: null, gps: null });
}

/** Who was seen outside in the evacuation of the scope. */
async function seenForKiosks(
  { source: { db }, scope }: Reader,
  people: readonly string[],
): Promise<ChangeOf<'accounted'>[]> {
  const evacuation = await ongoingAt(db, scope);
  const seen = evacuation ? await seenIn(db, evacuation.id, people) : new Map();
  return [...seen].map(([person, at]) => ({ kind: 'accounted', evacuation: evacuation!, person, seen: at }));
}

async function missing(person: string, { source: { db }, scope }: Reader): Promise<ChangeOf<'accounted'> | null> {
  const evacuation = await ongoingAt(db, scope);
  return evacuation && { kind: 'accounted', evacuation, person, seen: null };
}

export const reports: ServerModule = {
  onEvents: { health: ({ tx, device, site, now }, events) => keepKioskStatistics(tx, events, { device, site }, now) },
  // Who it accounted for is forgotten at its end, so it changes nobody's data.
  events: { evacuation: { attendance: 'mark' } },
  onEvent: { evacuation: rollCall },
  kioskChanges: {
    evacuation: {
      state: async ({ source: { db }, scope }) => ({ kind: 'evacuation', evacuation: await ongoingAt(db, scope) }),
    },
    accounted: { people: seenForKiosks, nothing: (person, _, reader) => missing(person, reader) },
  },
  endpoints: [...presenceRoutes, ...reportRoutes, ...statsRoutes, ...exportRoutes],
  jobs: [forgottenEvacuationsJob],
  tables: {
    evacuation: { notPersonal: 'when a site was cleared, and how many people were inside' },
    evacuation_mark: { exported: 'evacuations', merged: UNDER_EVERY_NAME, erased: deleteBy('person') },
    kiosk_statistics: { notPersonal: 'counts that kiosks made of themselves, about nobody' },
  },
  myData: { evacuations },
};
