import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  addTechnician,
  judge,
  MAX_TECHNICIANS,
  readTechnicians,
  removeTechnician,
  type Technician,
} from './technicians.ts';
import { codeAt } from './totp.ts';

const NOW = Date.UTC(2027, 0, 1, 12, 0, 10);
const STEP = Math.floor(NOW / 30_000);

const add = (all: readonly Technician[], name: string) =>
  addTechnician(all, { id: randomUUID(), name, now: NOW, random: randomBytes });
const two = () => {
  const first = add([], 'Jo Meier');
  return { first, second: add(first.all, 'Kim Öz') };
};
const accepted = (judged: ReturnType<typeof judge>) => {
  if (!judged.who) throw new Error(`refused: ${judged.why}`);
  return judged;
};

describe('a code of the app', () => {
  test.each([-1, 0, 1])('of step %i from now is taken, and says whose it is', (off) => {
    const { first, second } = two();
    const judged = accepted(judge(second.all, codeAt(second.secret, STEP + off), NOW));
    expect(judged).toMatchObject({ by: 'app', who: { name: 'Kim Öz', lastStep: STEP + off } });
    expect(judged.all.find((t) => t.id === first.technician.id)).toEqual(first.technician);
  });

  test.each([-3, -2, 2, 3])('of step %i from now is wrong', (off) => {
    const { second } = two();
    expect(judge(second.all, codeAt(second.secret, STEP + off), NOW)).toEqual({ who: null, why: 'wrong' });
  });

  test('is taken once; nor is one before it taken afterwards, nor by anybody else’s doing', () => {
    const { first, second } = two();
    const code = codeAt(second.secret, STEP);
    const { all } = accepted(judge(second.all, code, NOW));
    expect(judge(all, code, NOW)).toEqual({ who: null, why: 'used' });
    expect(judge(all, codeAt(second.secret, STEP - 1), NOW)).toEqual({ who: null, why: 'used' });
    // Nor after the clock was set back.
    expect(judge(all, code, NOW - 30_000)).toEqual({ who: null, why: 'used' });
    accepted(judge(all, codeAt(first.secret, STEP), NOW));
    accepted(judge(all, codeAt(second.secret, STEP + 1), NOW));
  });

  test('that fits two technicians is nobody’s: the record would not know who it was', () => {
    const { first } = two();
    const twin = { ...first.technician, id: randomUUID(), name: 'Twin' };
    expect(judge([first.technician, twin], codeAt(first.secret, STEP), NOW)).toEqual({ who: null, why: 'ambiguous' });
  });

  test('is nobody’s where nobody is enrolled', () => {
    expect(judge([], '000000', NOW)).toEqual({ who: null, why: 'wrong' });
  });
});

describe('a code on paper', () => {
  test('is taken whatever the clock says, once', () => {
    const { second } = two();
    expect(second.paper).toHaveLength(5);
    expect(new Set(second.paper).size).toBe(5);
    const judged = accepted(judge(second.all, second.paper[3]!, 0));
    expect(judged).toMatchObject({ by: 'paper', who: { name: 'Kim Öz' } });
    expect(judge(judged.all, second.paper[3]!, 0)).toEqual({ who: null, why: 'wrong' });
    accepted(judge(judged.all, second.paper[0]!, 0));
  });

  test('has ten digits, is not kept itself, and has every digit as often as any other', () => {
    const seen = new Map<string, number>();
    for (let i = 0; i < 200; i++) {
      const { paper, all } = add([], 'x');
      for (const code of paper) {
        expect(code).toMatch(/^\d{10}$/);
        expect(JSON.stringify(all)).not.toContain(code);
        for (const digit of code) seen.set(digit, (seen.get(digit) ?? 0) + 1);
      }
    }
    // 10,000 digits: 1,000 of each, give or take six standard deviations.
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(180);
  });
});

describe('technicians', () => {
  test('have names of their own, and are removed by name or id', () => {
    const { second } = two();
    expect(() => add(second.all, ' kim öz ')).toThrow(expect.objectContaining({ code: 'technician-exists' }));
    expect(removeTechnician(second.all, 'KIM ÖZ').all.map((t) => t.name)).toEqual(['Jo Meier']);
    expect(removeTechnician(second.all, second.technician.id.toUpperCase()).technician.name).toBe('Kim Öz');
    expect(() => removeTechnician(second.all, 'Nobody')).toThrow(
      expect.objectContaining({ code: 'technician-unknown' }),
    );
  });

  test('are few', () => {
    let all: readonly Technician[] = [];
    for (let i = 0; i < MAX_TECHNICIANS; i++) ({ all } = add(all, `T ${i}`));
    expect(() => add(all, 'One more')).toThrow(expect.objectContaining({ code: 'technicians-too-many' }));
  });

  test.each(['{', '{}', '[{"id":"x"}]', '[null]'])('that can’t be read let nobody in: %s', (text) => {
    expect(() => readTechnicians({ setting: () => text })).toThrow(
      expect.objectContaining({ code: 'technicians-unreadable' }),
    );
  });
});
