import { expect, test } from 'vitest';
import { isBackupId, newBackupId } from './layout.ts';

test('backup ids sort by time to the millisecond, and differ within one millisecond', () => {
  const at = Date.UTC(2027, 2, 1, 8);
  const ids = Array.from({ length: 2000 }, (_, ms) => newBackupId(new Date(at + ms)));
  expect(ids.every(isBackupId)).toBe(true);
  expect([...ids].sort()).toEqual(ids);
  expect(newBackupId(new Date(at))).not.toBe(newBackupId(new Date(at)));
});
