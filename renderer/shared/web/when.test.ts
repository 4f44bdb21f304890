import { describe, expect, test } from 'vitest';
import { LANGUAGES } from '../../../sync/protocol/api/languages.ts';
import { dayPattern, readDay, readTime, writeDay } from './when.ts';

describe('a date', () => {
  test('is written in the format of each language, in the keypads’ digits', () => {
    expect(LANGUAGES.map((language) => [language, writeDay('2026-01-02', language)])).toEqual([
      ['en', '02/01/2026'],
      ['de', '02.01.2026'],
      ['fr', '02/01/2026'],
      ['es', '02/01/2026'],
      ['pl', '02.01.2026'],
      ['tr', '02.01.2026'],
      ['ar', '02/01/2026'],
      ['zh', '2026/01/02'],
    ]);
    expect(dayPattern('de', { day: 'TT', month: 'MM', year: 'JJJJ' })).toBe('TT.MM.JJJJ');
  });

  test.each(LANGUAGES)('is read in %s as it is written, and with the year first', (language) => {
    for (const day of ['2026-01-02', '2024-02-29', '1999-12-31']) {
      expect(readDay(writeDay(day, language), language)).toBe(day);
      expect(readDay(day, language)).toBe(day);
    }
    expect(readDay(' ', language)).toBe('');
  });

  test('is read without leading zeros, and in other digits', () => {
    expect(readDay('2.1.2026', 'de')).toBe('2026-01-02');
    expect(readDay('٠٢/٠١/٢٠٢٦', 'ar')).toBe('2026-01-02');
    expect(readDay('2026年1月2日', 'zh')).toBe('2026-01-02');
  });

  test('is refused if it doesn’t exist or is ambiguous', () => {
    for (const text of ['31.02.2026', '02.13.2026', '2.1.26', '2.1.', '2026', 'heute', '2026-02-30', '1.2.3.2026'])
      expect([text, readDay(text, 'de')]).toEqual([text, null]);
  });
});

test('a time is read with or without separators, and never past the end of the day', () => {
  expect(['7:30', '07.30', '0730', '٠٧:٣٠', ''].map(readTime)).toEqual(['07:30', '07:30', '07:30', '07:30', '']);
  const halves = [
    '2:30 pm',
    '02:30 p. m.',
    '下午2:30',
    '٢:٣٠ م',
    'ÖS 2:30',
    '2 PM',
    '2:30p',
    '12:15 am',
    '12:15 pm',
    '9:05 a.m.',
  ];
  expect(halves.map(readTime)).toEqual([...Array(5).fill('14:30'), '14:00', '14:30', '00:15', '12:15', '09:05']);
  for (const text of ['14:30 am', '0:30 pm', '24:00', '7:60', '7', '730', '7:3', 'noon', '7:30:00'])
    expect([text, readTime(text)]).toEqual([text, null]);
});
