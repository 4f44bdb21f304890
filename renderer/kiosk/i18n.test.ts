import { describe, expect, it } from 'vitest';
import { CameraCondition } from '../../electron/contract/methods.ts';
import { CHALLENGE_STEPS, ENROLMENT_POSES, QUALITY_REASONS } from '../../models/rules/reasons.ts';
import { CAMERA_DOUBTS } from '../../sync/protocol/wire/fleet.ts';
import { CALL_CODES, ENROLMENT_CODES, METHOD_CODES, START_CODES, STICK_CODES } from '../../test/kit/codes.ts';
import { dayOf, fetchLanguage, hourOf, initI18n, momentOf, setTimeZone, timeOfDay } from '../shared/i18n.ts';
import { ENGLISH, fetchSentences, greetingLanguage, hasSentence } from './i18n.ts';

/** Codes reach a screen as plain strings, so the compiler doesn't know which texts they need. */
describe('every code has a text', () => {
  void initI18n({ en: ENGLISH }, 'en');
  it.each<readonly [string, readonly string[]]>([
    ['guide', QUALITY_REASONS],
    ['challenge', CHALLENGE_STEPS],
    ['enrol.pose', ENROLMENT_POSES],
    ['enrol.poseName', ENROLMENT_POSES],
    ['error', [...CALL_CODES, ...METHOD_CODES]],
    ['enrol.error', ENROLMENT_CODES],
    ['technician.updateError', STICK_CODES],
    ['technician.cameras', [...CameraCondition.options, 'unknown']],
    ['status.notice', CAMERA_DOUBTS.map((doubt) => `camera-${doubt}`)],
    ['coreError', CAMERA_DOUBTS.map((doubt) => `camera-${doubt}.next`)],
    ['coreError', START_CODES.flatMap((code) => [`${code}.why`, `${code}.next`])],
  ])('in the group %s', (group, codes) => {
    expect(codes.filter((code) => !hasSentence(`${group}.${code}`))).toEqual([]);
  });
});

it('times are in the site’s zone, or in the machine’s if its browser doesn’t know that zone', () => {
  const at = new Date('2026-12-01T20:10:00Z');
  const own = timeOfDay(at, 'en');
  setTimeZone('Asia/Kolkata');
  expect([timeOfDay(at, 'en'), dayOf(at, 'en'), momentOf(at, 'en'), hourOf(at)]).toEqual([
    '01:40',
    'Wednesday 2 December',
    '02/12/2026, 01:40',
    1,
  ]);
  setTimeZone('Mars/Olympus');
  expect(timeOfDay(at, 'en')).toBe(own);
});

it('greets people in their own language, a regional one by its base language, otherwise in the screen’s', async () => {
  await initI18n({ en: ENGLISH }, 'zh', fetchSentences);
  expect(greetingLanguage({ language: 'de' })).toBe('zh'); // German is not loaded yet
  await fetchLanguage('de');
  const greeted = [null, 'fil', 'constructor', 'de', 'de-AT'].map((language) => greetingLanguage({ language }));
  expect(greeted).toEqual(['zh', 'zh', 'zh', 'de', 'de']);
});
