import { Readable } from 'node:stream';
import { Problem } from '../../../../errors/problem.ts';
import * as api from '../../../../protocol/api/erasures.ts';
import { namesAs } from '../../../core/people/records.ts';
import { type FileAnswer, implement, type Route } from '../../../platform/access/route.ts';
import { readSigningKeys } from '../../../platform/audit/statement.ts';
import { find } from '../../../platform/database/rows.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { certificateText, readCertificate } from './certificate.ts';
import { erasureState, listErasures } from './read.ts';
import { requestErasure, undoErasure } from './request.ts';

/** Erasure endpoints for staff. People request their own erasure in the portal (features/portal/routes.ts). */
export const erasureRoutes: readonly Route[] = [
  implement(api.listErasures, ({ tx, query, about }) => {
    if (query.person !== undefined) about([query.person]);
    return listErasures(tx, query);
  }),
  implement(api.getErasure, async ({ tx, services: { keys }, actor, params, about, now }) => {
    const state = await erasureState(tx, params.request, now);
    if (!state) throw new Problem('erasure-unknown');
    const { certificate: _, person, ...shown } = state;
    if (person) about([person]);
    const names = await namesAs(actor, tx, keys, person ? [person] : []);
    return { ...shown, person, name: (person && names.get(person)) ?? null };
  }),
  implement(api.requestErasure, async ({ tx, services, actor, body, about, on, now, notify }) => {
    about([body.person]);
    const made = await requestErasure(
      tx,
      services.keys,
      {
        person: body.person,
        origin: actor.role === 'operator' ? 'operator' : 'staff',
        undoDays: body.undoDays ?? services.config.retention.erasureUndoDays,
        mustExist: true,
      },
      now,
    );
    on(made.request);
    notify('change');
    return made;
  }),
  implement(api.undoErasure, async ({ tx, params, about, now, notify }) => {
    const undone = await undoErasure(tx, params.request, now);
    about([undone.person]);
    notify('change');
    return undone;
  }),
  implement(api.getErasureCertificate, ({ tx, params, query }) => certificateFile(tx, params.request, query.format)),
];

/**
 * Returns the certificate of an erasure as a file, after verifying it against the server's signing keys.
 *
 * @throws Problem `erasure-unknown`, `erasure-not-complete`, `certificate-altered`
 */
async function certificateFile(db: Db, request: string, format: 'md' | 'jws'): Promise<FileAnswer> {
  const row = await find(db, 'erasure', { request, part_of: null }, ['state', 'certificate']);
  if (!row) throw new Problem('erasure-unknown');
  if (row.state !== 'done' || !row.certificate) throw new Problem('erasure-not-complete');
  const certificate = readCertificate(row.certificate, await readSigningKeys(db));
  if (!certificate) throw new Problem('certificate-altered');
  const content = format === 'jws' ? row.certificate : certificateText(certificate);
  return {
    file: Readable.from([content]),
    name: `erasure-${request}.${format}`,
    type: format === 'jws' ? 'application/jose' : 'text/markdown; charset=utf-8',
  };
}
