import { describe, expect, test } from 'vitest';
import { type Saying, standing } from './shown.ts';

const WEST = 'west';
const REMOVED = new Date('2026-07-20T10:00:00.000Z');
const before = new Date('2026-07-20T09:59:59.999Z');
const after = new Date('2026-07-20T10:00:00.001Z');
const kim = { id: 'kim', scope: WEST, removedAt: null };
const gone = { ...kim, removedAt: REMOVED };

const kiosk = (name: string, o: Partial<Saying> & { staff?: string[]; at?: Date } = {}): Saying => ({
  id: name,
  name,
  scope: WEST,
  status: 'approved',
  lastHeardAt: null,
  report: o.at ? { at: o.at, staff: o.staff } : null,
  ...o,
});
const of = (technician: Parameters<typeof standing>[0], ...kiosks: Saying[]) => {
  const { kiosks: all, confirmed, waiting } = standing(technician, kiosks);
  return [`${confirmed} of ${all}`, waiting.map((k) => (k.revoked ? `${k.name} (revoked)` : k.name))];
};

describe('kiosks that a technician concerns, and which have confirmed it', () => {
  test('active: kiosks of the site confirm once they report the technician', () => {
    const kiosks = [
      kiosk('has', { at: before, staff: ['lou', 'kim'] }),
      kiosk('has others', { at: after, staff: ['lou'] }),
      kiosk('of a build that reports nothing', { at: after }),
      kiosk('never heard'),
      kiosk('elsewhere', { at: before, staff: ['kim'], scope: 'east' }),
      kiosk('revoked', { at: before, staff: ['kim'], status: 'revoked' }),
      kiosk('pending', { status: 'pending' }),
    ];
    expect(of(kim, ...kiosks)).toEqual(['1 of 4', ['has others', 'of a build that reports nothing', 'never heard']]);
    expect(of({ ...kim, scope: null }, ...kiosks)[0]).toBe('2 of 5');
  });

  test('removed: a report from before the removal confirms nothing', () => {
    expect(of(gone, kiosk('silent', { at: before, staff: [] }))).toEqual(['0 of 1', ['silent']]);
    expect(of(gone, kiosk('heard', { at: after, staff: [] }))).toEqual(['1 of 1', []]);
    expect(of(gone, kiosk('late', { at: after, staff: ['kim'] }))).toEqual(['0 of 1', ['late']]);
    expect(of(gone, kiosk('never heard'))).toEqual(['0 of 1', ['never heard']]);
  });

  test('removed: also waits for kiosks that still have them but were moved or revoked', () => {
    expect(
      of(
        gone,
        kiosk('moved', { at: before, staff: ['kim'], scope: 'east' }),
        kiosk('stolen', { at: before, staff: ['kim'], status: 'revoked' }),
        kiosk('revoked without', { at: before, staff: [], status: 'revoked' }),
      ),
    ).toEqual(['0 of 2', ['moved', 'stolen (revoked)']]);
  });
});
