import { expect, test } from 'vitest';
import { QUALITY_REASONS } from '../../models/rules/reasons.ts';
import { ENGLISH as CONSOLE, hasSentence } from '../../renderer/console/i18n.ts';
import { ENGLISH as PORTAL } from '../../renderer/portal/i18n.ts';
import { initI18n } from '../../renderer/shared/i18n.ts';
import { Duplicate } from '../../sync/protocol/api/attendance.ts';
import { AUDIT_ROLES } from '../../sync/protocol/api/audit.ts';
import { dataKinds } from '../../sync/protocol/api/data-kinds.ts';
import { AUDIT_ACTIONS } from '../../sync/protocol/api/endpoint.ts';
import { LINE_CODES } from '../../sync/protocol/api/imports.ts';
import { ENTRY_KINDS } from '../../sync/protocol/api/incidents.ts';
import { Delivery } from '../../sync/protocol/api/webhooks.ts';
import { OpenBody, StaffWhat } from '../../sync/protocol/wire/event.ts';
import { STEPS as ERASURE_STEPS } from '../../sync/server/features/privacy/erasure/steps.ts';

/**
 * Codes that a page shows unchanged if it has no text for them, so that the compiler doesn't know which texts it needs: where
 * their texts are, and which codes exist.
 */
const VOIDS = OpenBody.void.shape.reason.options;
const SHOWN: readonly (readonly [under: string, codes: readonly string[]])[] = [
  ['voided', [...VOIDS, 'corrected']],
  // What staff voided waits for nobody.
  ['attention.code', [...VOIDS.filter((why) => why !== 'staff'), ...Duplicate.shape.reason.options]],
  ['audit.actions', AUDIT_ACTIONS],
  ['audit.roles', AUDIT_ROLES],
  ['erasures.step', ERASURE_STEPS.map(({ name }) => name)],
  ['statistics.code', QUALITY_REASONS],
  ['fleet.staffWhat', StaffWhat.options],
  ['imports.people.code', LINE_CODES],
  ['dataKinds', dataKinds],
  ['incidents.entry', ENTRY_KINDS],
  ['quality', QUALITY_REASONS],
  ['webhooks.kind', Delivery.shape.kind.options.map((kind) => kind.replace('.', '-'))],
];

test.each(SHOWN)('the console has a label for every %s', (under, codes) => {
  void initI18n({ en: CONSOLE }, 'en');
  expect(codes.length).toBeGreaterThan(1);
  expect(codes.filter((code) => !hasSentence(`${under}.${code}`))).toEqual([]);
});

test('a person’s own page has a label for every reason a record was voided', () => {
  void initI18n({ en: PORTAL }, 'en');
  expect(VOIDS.filter((code) => !hasSentence(`voided.${code}`))).toEqual([]);
});
