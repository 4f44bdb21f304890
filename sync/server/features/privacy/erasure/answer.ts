import { Problem } from '../../../../errors/problem.ts';
import type { FileAnswer } from '../../../platform/access/route.ts';
import { readSigningKeys } from '../../../platform/audit/statement.ts';
import { find } from '../../../platform/database/rows.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { type Certificate, certificateText, readCertificate } from './certificate.ts';

/**
 * The certificate of an erasure, verified against the server's signing keys.
 *
 * @throws Problem `erasure-unknown`, `erasure-not-complete`, `certificate-altered`
 */
export async function certificateOfRequest(
  db: Db,
  request: string,
): Promise<{ readonly signed: string; readonly certificate: Certificate }> {
  const row = await find(db, 'erasure', { request, part_of: null }, ['state', 'certificate']);
  if (!row) throw new Problem('erasure-unknown');
  if (row.state !== 'done' || !row.certificate) throw new Problem('erasure-not-complete');
  const certificate = readCertificate(row.certificate, await readSigningKeys(db));
  if (!certificate) throw new Problem('certificate-altered');
  return { signed: row.certificate, certificate };
}

/** As a file. @throws as `certificateOfRequest` */
export async function certificateFile(db: Db, request: string, format: 'md' | 'jws'): Promise<FileAnswer> {
  const { signed, certificate } = await certificateOfRequest(db, request);
  const content = format === 'jws' ? signed : certificateText(certificate);
  return {
    file: once(content),
    name: `erasure-${request}.${format}`,
    type: format === 'jws' ? 'application/jose' : 'text/markdown; charset=utf-8',
  };
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}
