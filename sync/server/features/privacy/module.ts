import { Readable } from 'node:stream';
import * as api from '../../../protocol/api/compliance.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { camelCase, findAll, findSorted } from '../../platform/database/rows.ts';
import type { OneEvent } from '../../platform/events.ts';
import type { Reading } from '../../platform/my-data.ts';
import { type ServerModule, UNDER_EVERY_NAME } from '../../platform/server-module.ts';
import { readFacts } from './compliance/facts.ts';
import { composeReport } from './compliance/report.ts';
import { decisionsJob } from './decisions.ts';
import { confirmErasure, requestAtKiosk, undoUntilOf } from './erasure/request.ts';
import { erasureRoutes } from './erasure/routes.ts';
import { erasureJob } from './erasure/steps.ts';
import { tombstonesJob } from './erasure/tombstones.ts';
import { entryPlace, incidentPlace, unlinkEntries, unlinkScopes } from './incidents/incidents.ts';
import { incidentRoutes } from './incidents/routes.ts';
import { facesOffJob } from './retention/faces-off.ts';
import { kioskWatchJob, retentionJob } from './retention/retention.job.ts';
import { retentionRoutes } from './retention/routes.ts';

/** The compliance report of this installation. It contains settings and counts, and names no one. */
const complianceRoutes: readonly Route[] = [
  implement(api.getComplianceFacts, ({ tx, services: { keys, config }, now }) => readFacts(tx, keys, config, now)),
  implement(api.getComplianceReport, async ({ tx, services: { keys, config }, query: { part }, now }) => {
    const facts = await readFacts(tx, keys, config, now);
    // Tests run where the product is built: `compliance report` on the command line reads their results.
    const { text } = composeReport(facts, { policy: null, files: new Map() }, part ? [part] : api.COMPLIANCE_PARTS);
    return {
      file: Readable.from([text]),
      name: `compliance-${now.toISOString().slice(0, 10)}.md`,
      type: 'text/markdown',
    };
  }),
];

async function* erasures({ tx, names }: Reading) {
  const rows = await findSorted(tx, 'erasure', { person: names }, ['requested_at']);
  for (const r of rows) {
    const confirmed = await findAll(tx, 'erasure_confirmation', { request: r.request }, ['device', 'confirmed_at']);
    yield {
      request: r.request,
      state: r.state,
      origin: r.origin,
      requestedAt: r.requested_at,
      undoUntil: undoUntilOf(r),
      kiosks: confirmed.map(camelCase),
    };
  }
}

const PROOF = { exported: 'erasures', merged: UNDER_EVERY_NAME, erased: 'stays: the proof that it was done, by ids' };

/** Turns a deletion at a kiosk into a request for erasure. */
async function takeDeletion(one: OneEvent<'person'>): Promise<void> {
  const { tx, keys, event, device, person, undoDays, now } = one;
  if (person && event.header.open.change === 'deleted')
    await requestAtKiosk(tx, keys, { person, by: { device, event: event.header.id }, undoDays }, now);
}

export const privacy: ServerModule = {
  onEvent: {
    person: takeDeletion,
    erasureDone: ({ tx, event, device, now }) =>
      confirmErasure(tx, event.header.open.request, { device, event: event.header.id }, now),
  },
  kioskChanges: { erase: { row: ({ request, person }) => ({ kind: 'erase', request, person }) } },
  endpoints: [...incidentRoutes, ...complianceRoutes, ...erasureRoutes, ...retentionRoutes],
  jobs: [erasureJob, retentionJob, facesOffJob, tombstonesJob, decisionsJob, kioskWatchJob],
  tables: {
    erasure: PROOF,
    erasure_confirmation: PROOF,
    erasure_step: { notPersonal: 'progress of an erasure; the erasure itself is shown' },
    incident: {
      sealed: {
        by: 'environment',
        reads: ['row_version'],
        columns: { sealed: (cell) => incidentPlace(cell('id'), Number(cell('row_version'))) },
      },
      notPersonal: 'sealed words about an incident; who it affected is found from the audit log, and shown as accesses',
    },
    incident_scope: {
      notExported: 'conditions on the audit log, which may name who did something; that is shown as accesses',
      merged: UNDER_EVERY_NAME,
      erased: unlinkScopes,
    },
    incident_entry: {
      sealed: { by: 'environment', columns: { sealed: (cell) => entryPlace(cell('id')) } },
      notExported: 'sealed words about an incident, and the conditions of its scopes',
      merged: UNDER_EVERY_NAME,
      erased: unlinkEntries,
    },
  },
  myData: { erasures },
};
