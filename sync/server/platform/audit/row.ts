import { hash } from 'node:crypto';
import { canonicalBytes } from '../../../protocol/seal/chain.ts';
import type { Row } from '../database/schema.ts';
import type { AuditKey } from './keys.ts';

/** The MAC that the first row follows. */
export const GENESIS_MAC: Uint8Array = new Uint8Array(32);

/** A row of the table, without its MAC. */
export interface AuditRow extends Omit<Row<'audit'>, 'position' | 'key_version' | 'mac'> {
  readonly position: number;
  readonly keyVersion: number;
}

export const auditRow = ({ key_version: keyVersion, mac: _, position, ...row }: Row<'audit'>): AuditRow => ({
  ...row,
  position: Number(position),
  keyVersion,
});

/**
 * Returns the MAC of a row. It covers the previous row's MAC and every column (encrypted ones by digest), so no row can be
 * altered, removed, added or moved without the key.
 */
export function rowMac(key: AuditKey, previous: Uint8Array, row: AuditRow): Buffer {
  const digest = (bytes: Uint8Array | null) => bytes && hash('sha256', bytes, 'hex');
  return key.mac(
    previous,
    canonicalBytes([
      'smartpresence/audit/1',
      row.keyVersion,
      row.position,
      row.at.toISOString(),
      row.action,
      row.role,
      row.actor,
      row.route,
      row.resource,
      row.data,
      row.count,
      row.everyone,
      row.outcome,
      digest(row.sealed),
      digest(row.subjects),
    ]),
  );
}
