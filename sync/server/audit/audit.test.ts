import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES } from '../../../test/services/databases.ts';
import { inTransaction } from '../database/retry.ts';
import type { Db } from '../database/schema.ts';
import { Keys } from '../keys/envelope.ts';
import { Secret } from '../keys/secret.ts';
import type { AuditEntry } from './entry.ts';
import { verifyAudit } from './verify.ts';
import { writeAudit } from './write.ts';

const keys = new Keys(new Secret(randomBytes(32)), new Secret(randomBytes(32)));
const NOW = new Date('2026-03-01T10:00:00.123Z');

const entry = (o: Partial<AuditEntry> = {}): AuditEntry => ({
  actor: { role: 'staff', id: randomUUID(), email: 'ada@example.org', ip: '192.0.2.7', userAgent: 'Firefox' },
  action: 'read',
  route: 'GET /api/people',
  resource: null,
  data: ['person.name'],
  subjects: [randomUUID(), randomUUID()],
  outcome: 'ok',
  ...o,
});

describe.each(DATABASES)('audit log on $name', { timeout: 60_000 }, ({ start, unavailable }) => {
  if (unavailable) return test.skip(unavailable, () => undefined);
  let db: Db;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const server = await start();
    const opened = await server.open();
    db = opened.db;
    close = async () => {
      await opened.close();
      await server.remove();
    };
  }, 60_000);
  afterAll(() => close?.());

  test('P31 rows written at once by many make one whole chain', async () => {
    await Promise.all(Array.from({ length: 40 }, () => inTransaction(db, (tx) => writeAudit(tx, keys, entry(), NOW))));
    await expect(verifyAudit(db, keys)).resolves.toMatchObject({ rows: 40, first: 1, last: 40, faults: [] });
  });

  test('P11 a row goes with the transaction that it tells of', async () => {
    const before = (await verifyAudit(db, keys)).rows;
    await expect(
      inTransaction(db, async (tx) => {
        await writeAudit(tx, keys, entry(), NOW);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await expect(verifyAudit(db, keys)).resolves.toMatchObject({ rows: before, faults: [] });
  });
});
