import { describe, expect, test } from 'vitest';
import { type Incident, NoticeLanguage } from '../../../../protocol/api/incidents.ts';
import { clockOf, requireDocumented, requireTimes } from './clock.ts';
import { draftNotice, NOTICE_TEXTS } from './notices.ts';

const FOUND = new Date('2027-05-14T16:00:00.000Z');
const hours = (count: number) => new Date(FOUND.getTime() + count * 3_600_000);
const standing = { foundAt: FOUND, authorityAt: null, authorityReason: '' };

describe('the 72-hour deadline', () => {
  test('counts from when the incident was found, over the weekend', () => {
    expect(clockOf(standing, FOUND)).toEqual({
      dueAt: '2027-05-17T16:00:00.000Z',
      state: 'running',
      remainingMs: 72 * 3_600_000,
    });
    expect(clockOf(standing, hours(72))).toMatchObject({ state: 'running', remainingMs: 0 });
    expect(clockOf(standing, hours(73))).toMatchObject({ state: 'overdue', remainingMs: -3_600_000 });
  });
  test('stops once the authority was notified, in time or late, or need not be notified', () => {
    expect(clockOf({ ...standing, authorityAt: hours(72) }, hours(200)).state).toBe('in-time');
    expect(clockOf({ ...standing, authorityAt: hours(72.1) }, hours(200)).state).toBe('late');
    expect(clockOf({ ...standing, authorityReason: 'no risk' }, hours(200)).state).toBe('not-needed');
  });
});

test('an incident closes only when facts, effects, remedies and notices are documented', () => {
  const whole = {
    ...standing,
    authorityAt: hours(5),
    peopleAt: null,
    peopleReason: 'the data was encrypted',
    description: 'a kiosk was stolen',
    consequences: 'none expected',
    measures: 'revoked',
  };
  expect(() => requireDocumented(whole)).not.toThrow();
  for (const [missing, named] of [
    [{ description: '' }, 'description'],
    [{ consequences: '' }, 'consequences'],
    [{ measures: '' }, 'measures'],
    [{ authorityAt: null }, 'authorityReason'],
    [{ authorityAt: hours(80) }, 'notified late'],
    [{ peopleReason: '' }, 'peopleReason'],
  ] as const)
    expect(() => requireDocumented({ ...whole, ...missing })).toThrow(named);
});

test('an incident can’t begin after it was found, end before it began, or be in the future', () => {
  expect(() => requireTimes(FOUND, hours(-10), hours(-5), hours(1))).not.toThrow();
  expect(() => requireTimes(FOUND, null, null, FOUND)).not.toThrow();
  const wrong: [Date, Date | null, Date | null][] = [
    [hours(2), null, null],
    [FOUND, hours(0.5), null],
    [FOUND, hours(-5), hours(-6)],
    [FOUND, hours(-5), hours(2)],
  ];
  for (const times of wrong) expect(() => requireTimes(...times, hours(1))).toThrow('future');
});

describe('notices', () => {
  const incident = {
    id: '0197a6c0-0000-7000-8000-000000000001',
    title: 'A kiosk was stolen',
    severity: 'high',
    state: 'open',
    foundAt: FOUND.toISOString(),
    beganAt: hours(-3).toISOString(),
    endedAt: null,
    openedAt: FOUND.toISOString(),
    clock: clockOf(standing, FOUND),
    description: 'The kiosk of the north door was stolen.',
    consequences: 'Its store is encrypted under a key that is not on it.',
    measures: 'Its certificate was revoked.',
    authorityReason: '',
    peopleReason: '',
    version: 1,
    data: ['template', 'person.name'],
    containedAt: null,
    authorityAt: null,
    peopleAt: null,
    closedAt: null,
    scopes: [],
    timeline: [],
  } satisfies Incident;
  const contacts = { controller: 'Example School', contact: 'privacy@example.org', dpo: 'Dr Example' };
  const facts = { incident, affected: { people: 12, rows: 3, unknown: 0 }, contacts, now: FOUND };

  test.each(NoticeLanguage.options)('to the authority contain what Art. 33(3) requires, in %s', (language) => {
    const { text, missing } = draftNotice('authority', language, facts);
    for (const part of [
      incident.description,
      incident.consequences,
      incident.measures,
      'Example School',
      'Dr Example',
      'privacy@example.org',
      ...({
        en: ['14 May 2027 at 16:00 UTC', '17 May 2027 at 16:00 UTC'],
        de: ['14. Mai 2027 um 16:00 UTC', '17. Mai 2027 um 16:00 UTC'],
      }[language as string] ?? ['16:00 UTC']),
      '12',
      NOTICE_TEXTS[language].kinds.template!,
    ])
      expect(text).toContain(part);
    expect(missing).toEqual([NOTICE_TEXTS[language].fields.informed]);
    expect(text).toContain(`[${NOTICE_TEXTS[language].fields.informed}]`);
  });

  test.each(NoticeLanguage.options)(
    'to the affected contain what Art. 34(2) requires, and nothing about other people, in %s',
    (language) => {
      const { text, missing } = draftNotice('people', language, facts);
      expect(missing).toEqual([]);
      for (const part of [
        incident.description,
        incident.consequences,
        incident.measures,
        'Example School',
        'Dr Example',
      ])
        expect(text).toContain(part);
      expect(text).toContain(NOTICE_TEXTS[language].people.face);
      expect(text).not.toContain('12');
    },
  );

  test('mark and report missing facts, and ask for the reason if late', () => {
    const bare = { ...incident, description: '', consequences: '', measures: '', beganAt: null, data: [] };
    const { text, missing } = draftNotice('authority', 'en', {
      incident: bare,
      affected: null,
      contacts: null,
      now: hours(80),
    });
    const { fields } = NOTICE_TEXTS.en;
    expect(missing).toEqual(
      [
        fields.controller,
        fields.dpo,
        fields.contact,
        fields.began,
        fields.description,
        fields.data,
        fields.counts,
        fields.consequences,
        fields.measures,
        fields.informed,
        fields.delay,
      ].sort((a, b) => missing.indexOf(a) - missing.indexOf(b)),
    );
    for (const what of missing) expect(text).toContain(`[${what}]`);
    // If a scope has found nobody yet, that doesn't mean that nobody is affected.
    const nobody = draftNotice('authority', 'en', { ...facts, affected: { people: 0, rows: 0, unknown: 0 } });
    expect(nobody.missing).toContain(fields.counts);
  });

  test.each(NoticeLanguage.options)('name every kind of data, and are marked as drafts, in %s', (language) => {
    expect(Object.keys(NOTICE_TEXTS[language].kinds)).toEqual(Object.keys(NOTICE_TEXTS.en.kinds));
    for (const to of ['authority', 'people'] as const)
      expect(draftNotice(to, language, facts).text).toContain(`> ${NOTICE_TEXTS[language].draft}`);
  });
});
