import { describe, expect, test } from 'vitest';
import { QUALITY_REASONS } from '../../models/rules/reasons.ts';
import { LOCALES as CONSOLE } from '../../renderer/console/locales/index.ts';
import { LOCALES as PORTAL } from '../../renderer/portal/locales/index.ts';
import { AccountRoleName } from '../../sync/protocol/api/accounts.ts';
import { Duplicate, METHODS } from '../../sync/protocol/api/attendance.ts';
import { ATTENTION_KINDS } from '../../sync/protocol/api/attention.ts';
import { AUDIT_ROLES } from '../../sync/protocol/api/audit.ts';
import { Consent, ConsentStanding, ConsentVia } from '../../sync/protocol/api/consents.ts';
import { Correction } from '../../sync/protocol/api/corrections.ts';
import { Credential } from '../../sync/protocol/api/credentials.ts';
import { DeviceStatus } from '../../sync/protocol/api/devices.ts';
import { AUDIT_ACTIONS } from '../../sync/protocol/api/endpoint.ts';
import { ErasureStates, ErasureSummary } from '../../sync/protocol/api/erasures.ts';
import { PayrollLayout } from '../../sync/protocol/api/exports.ts';
import { AlertCode, CommandState } from '../../sync/protocol/api/fleet.ts';
import { ImportLine, ImportRun, LINE_CODES, PhotoState } from '../../sync/protocol/api/imports.ts';
import { Clock, ENTRY_KINDS, IncidentSummary, Severity } from '../../sync/protocol/api/incidents.ts';
import { JobRun } from '../../sync/protocol/api/jobs.ts';
import { Minor } from '../../sync/protocol/api/people.ts';
import { RuleReport } from '../../sync/protocol/api/retention.ts';
import { KioskState, RingId, RolloutAction, RolloutState, WaitsFor } from '../../sync/protocol/api/rollouts.ts';
import { NewSitePolicy } from '../../sync/protocol/api/sites.ts';
import { Delivery, DeliveryState } from '../../sync/protocol/api/webhooks.ts';
import { CheckinMethod } from '../../sync/protocol/wire/changes.ts';
import {
  CommandWhat,
  Direction,
  LivenessResult,
  OpenBody,
  StaffOutcome,
  StaffRole,
  StaffWhat,
} from '../../sync/protocol/wire/event.ts';
import { DeviceConfig } from '../../sync/protocol/wire/fleet.ts';
import { STEPS as ERASURE_STEPS } from '../../sync/server/features/privacy/erasure/steps.ts';

/**
 * What the pages show of the codes that the API and its events have: where their words are, and which codes there are. A page
 * shows a code that it has no words for as it is, in nobody's language.
 */
const values = (schema: { readonly options: readonly string[] }): readonly string[] => schema.options;
const VOIDS = values(OpenBody.void.shape.reason);
const SHOWN: readonly (readonly [under: string, codes: readonly string[]])[] = [
  ['method', METHODS],
  ['direction', values(Direction)],
  ['liveness', values(LivenessResult)],
  ['voided', [...VOIDS, 'corrected']],
  ['role', values(AccountRoleName)],
  ['accounts.may', values(AccountRoleName)],
  ['attention.kind', ATTENTION_KINDS],
  // What staff voided waits for nobody.
  ['attention.code', [...VOIDS.filter((why) => why !== 'staff'), ...values(Duplicate.shape.reason)]],
  ['audit.actions', AUDIT_ACTIONS],
  ['audit.roles', AUDIT_ROLES],
  ['cards', values(Credential.shape.kind)],
  ['corrections.kind', values(Correction.shape.kind)],
  ['day.layouts', values(PayrollLayout)],
  ['devices.status', values(DeviceStatus)],
  ['erasures.by', values(ErasureSummary.shape.origin)],
  ['erasures.state', values(ErasureStates)],
  ['erasures.step', ERASURE_STEPS.map(({ name }) => name)],
  ['statistics.code', QUALITY_REASONS],
  ['fleet.alert', values(AlertCode)],
  ['fleet.command', values(CommandWhat)],
  ['fleet.commandState', values(CommandState)],
  ['fleet.setting', Object.keys(DeviceConfig.shape)],
  ['fleet.staffOutcome', values(StaffOutcome)],
  ['fleet.staffWhat', values(StaffWhat)],
  ['kioskStaff.role', values(StaffRole)],
  ['kioskStaff.may', values(StaffRole)],
  // Nothing is said about a person who has agreed.
  ['imports.consent', values(ConsentStanding).filter((one) => one !== 'given')],
  ['imports.people.code', LINE_CODES],
  ['imports.people.outcome', values(ImportLine.shape.outcome)],
  ['imports.people.state', values(ImportRun.shape.people.shape.state.unwrap())],
  ['imports.photo', values(PhotoState)],
  ['imports.state', values(ImportRun.shape.state)],
  ['imports.stateText', values(ImportRun.shape.state)],
  ['incidents.clockIs', values(Clock.shape.state)],
  ['incidents.entry', ENTRY_KINDS],
  ['incidents.is', values(Severity)],
  ['incidents.state', values(IncidentSummary.shape.state)],
  ['jobs.outcome', values(JobRun.shape.outcome)],
  ['people.minorIs', values(Minor.shape.state)],
  ['people.standing', values(ConsentStanding)],
  ['people.via', values(ConsentVia)],
  ['people.word', values(Consent.shape.action)],
  ['quality', QUALITY_REASONS],
  ['retention.kind', values(RuleReport.shape.kind)],
  ['retention.outcome', values(RuleReport.shape.kind)],
  ['rollouts.kiosk', values(KioskState)],
  ['rollouts.ring', values(RingId)],
  ['rollouts.state', values(RolloutState)],
  // It goes on by itself: `rollouts.goesOn`.
  ['rollouts.waits', values(WaitsFor).filter((one) => one !== 'nothing')],
  ['rollouts.was', values(RolloutAction.shape.what)],
  ['settings', Object.keys(NewSitePolicy.shape)],
  ['settings.method', values(CheckinMethod)],
  ['webhooks.kind', values(Delivery.shape.kind).map((kind) => kind.replace('.', '-'))],
  ['webhooks.state', values(DeliveryState)],
];
/** And on a person's own page. */
const SHOWN_TO_PEOPLE: typeof SHOWN = [
  ['method', METHODS],
  ['direction', values(Direction)],
  ['voided', VOIDS],
  ['cards', values(Credential.shape.kind)],
  ['consent.standing', values(ConsentStanding)],
  ['consent.means', values(ConsentStanding)],
];

type Words = Record<string, unknown>;
const at = (words: Words, under: string): Words =>
  under.split('.').reduce<Words>((tree, key) => tree[key] as Words, words);
/** A sentence that counts has a form for each number. */
const said = (words: Words, code: string): boolean =>
  typeof words[code] === 'string' || typeof words[`${code}_other`] === 'string';

describe.each([
  ['the console', CONSOLE, SHOWN],
  ['a person’s own page', PORTAL, SHOWN_TO_PEOPLE],
] as const)('%s', (_page, languages, shown) => {
  test.each(shown)('has words for every %s in each of its languages', (under, codes) => {
    expect(codes.length).toBeGreaterThan(1);
    for (const [language, words] of Object.entries(languages))
      expect([language, codes.filter((code) => !said(at(words, under), code))]).toEqual([language, []]);
  });
});
