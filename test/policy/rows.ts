/** The rows of the encryption and privacy policy, P1 to P35, in a few words each; the "beyond" of a row is part of it. */
export const ROWS: ReadonlyMap<string, string> = new Map(
  [
    'Embeddings and photos AES-256-GCM at rest, bound to person, record, field and version',
    'Keys by HKDF from the encryption key and a secret key, one a purpose',
    'Face files of a kiosk: encrypted, written atomically, no plaintext on the disk',
    'Backups of face files in S3: server-side encryption, and ours before it',
    'Facial data decrypted in one place, for authorised routes, with an audit row each',
    'Verification photos kept 90 days, enrolment until asked; kiosks purge too, offline as well',
    'GPS encrypted on the kiosk; database and broker never see it',
    'GPS purged after 30 days, with a report of what went',
    'Opt-out of GPS reaches every kiosk; such a check-in carries no coordinates',
    'Names, e-mails, phones: pgcrypto and application encryption; search by a blind index',
    'Every access to personal data is audited, reads and lists too',
    'Encryption service for strings: versioned envelopes',
    'TLS 1.3 alone on every listener; no plain HTTP off the loopback',
    'Live updates over secure WebSocket: authenticated, by role, resumable',
    'S3 over HTTPS alone, server-side encrypted, checksums read back',
    'PostgreSQL over TLS with its CA verified',
    'Sensitive columns encrypted by us: a dump shows no personal byte',
    'Database backups encrypted before S3, and restored into an empty database',
    'ENCRYPTION_KEY from the environment alone, never in code, database, logs, errors or core dumps; weak ones refused',
    'Key rotation with re-encryption: online, resumable, kill-proof; the old key opens nothing',
    'The backend alone has its keys; a kiosk has its own and reads no other kiosk',
    'S3 by four variables, or any compatible store by URL',
    'SSE-S3 or SSE-KMS by configuration',
    'Private bucket: one command sets it up, one audits it',
    'Least-privilege IAM policies ship with the product',
    'Bucket versioning; a plain delete erases nothing',
    'Backups to Glacier after 90 days, photos expire; a restore handles the thaw',
    'GET my-data: everything about the caller, from every table and store',
    'DELETE my-account: key destroyed, rows unlinked, every version gone, kiosks confirm, no restore brings back',
    'Profile endpoints rectify; audited without old or new values',
    'Audit rows: who, what, when, where, why; chained, and tampering is found',
    'Audit kept 365 days at least',
    'GDPR, CCPA, FERPA, SOC 2: duty, control, test',
    'Incidents: 72-hour clock, the affected, one command that rotates and revokes',
    'Privacy and DPO contact, configurable, shown on the kiosk',
  ].map((words, i) => [`P${i + 1}`, words]),
);

/** Matches a row's number in a test's title. */
export const ROW_PATTERN = String.raw`\bP([1-9]|[12]\d|3[0-5])\b`;

/** @returns the rows that a title names, e.g. `P1 P17 a page holds no plaintext` → P1 and P17 */
export function rowsIn(title: string): string[] {
  return [...new Set([...title.matchAll(new RegExp(ROW_PATTERN, 'g'))].map((m) => m[0]))];
}
