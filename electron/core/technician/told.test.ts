import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { newPaper, paperHash } from '../../../sync/protocol/seal/technician-code.ts';
import type { ToldTechnician } from '../../../sync/protocol/wire/changes.ts';
import { TOLD_TECHNICIANS } from '../store/told.ts';
import { addTechnician, judge, keptTechnicians, readTechnicians } from './technicians.ts';
import { idsTold, keptUse, knownTechnicians, readTold } from './told.ts';
import { codeAt } from './totp.ts';

const NOW = Date.UTC(2027, 0, 1, 12, 0, 10);
const STEP = Math.floor(NOW / 30_000);

/** A store of settings alone, with what the server told. */
function kiosk() {
  const kept = new Map<string, string>();
  const write = (settings: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(settings)) kept.set(name, text);
  };
  const store = { setting: (name: string) => kept.get(name) ?? null };
  return {
    store,
    write,
    tell: (told: readonly ToldTechnician[]) => write({ [TOLD_TECHNICIANS]: JSON.stringify(told) }),
    /** Judges a code as the door does, and keeps that it was used. */
    enter(code: string, now = NOW) {
      const judged = judge(knownTechnicians(store), code, now);
      if (!judged.who) return judged.why;
      const { settings, paper } = keptUse(store, judged.who, judged.all);
      write(settings);
      return { name: judged.who.name, paper };
    },
  };
}
function technician(name: string) {
  const secret = randomBytes(20);
  const paper = newPaper(randomBytes);
  const told: ToldTechnician = {
    id: randomUUID(),
    name,
    secret: secret.toString('base64url'),
    paper: paper.map((code, i) => ({ n: i + 1, hash: paperHash(code) })),
  };
  return { told, secret, paper };
}

describe('technicians of the server', () => {
  test('enter beside those of the kiosk, each by their own, and what is used of one touches no other', () => {
    const { store, write, tell, enter } = kiosk();
    const own = addTechnician([], { id: randomUUID(), name: 'Jo', now: NOW, random: randomBytes });
    write(keptTechnicians(own.all));
    const kim = technician('Kim');
    tell([kim.told]);
    expect(enter(codeAt(own.secret, STEP))).toEqual({ name: 'Jo', paper: null });
    expect(enter(codeAt(kim.secret, STEP))).toEqual({ name: 'Kim', paper: null });
    expect(enter(own.paper[0]!)).toEqual({ name: 'Jo', paper: null });
    expect(enter(kim.paper[3]!)).toEqual({ name: 'Kim', paper: 4 });
    expect([enter(codeAt(own.secret, STEP)), enter(codeAt(kim.secret, STEP))]).toEqual(['used', 'used']);
    expect([enter(own.paper[0]!), enter(kim.paper[3]!)]).toEqual(['wrong', 'wrong']);
    // What lies in the kiosk's own list is as it was written by builds before this: no field more.
    expect(readTechnicians(store)).toEqual([
      { ...own.technician, lastStep: STEP, paper: own.technician.paper.slice(1) },
    ]);
  });

  test('told anew, as they were or from before, a used code counts no more often', () => {
    const { tell, enter } = kiosk();
    const kim = technician('Kim');
    tell([kim.told]);
    enter(kim.paper[0]!);
    enter(codeAt(kim.secret, STEP));
    for (const told of [[kim.told], [], [kim.told]]) tell(told);
    expect([enter(kim.paper[0]!), enter(codeAt(kim.secret, STEP))]).toEqual(['wrong', 'used']);
    expect(enter(codeAt(kim.secret, STEP + 1))).toEqual({ name: 'Kim', paper: null });
    expect(enter(kim.paper[1]!)).toEqual({ name: 'Kim', paper: 2 });
  });

  test('whom the server leaves out enters no more, and a code that another kiosk used counts no more', () => {
    const { store, tell, enter } = kiosk();
    const [kim, lou] = [technician('Kim'), technician('Lou')];
    tell([kim.told, { ...lou.told, paper: lou.told.paper.slice(1) }]);
    expect(enter(lou.paper[0]!)).toBe('wrong');
    tell([lou.told]);
    expect([enter(codeAt(kim.secret, STEP)), enter(kim.paper[0]!)]).toEqual(['wrong', 'wrong']);
    expect(idsTold(store)).toEqual([lou.told.id]);
  });

  test('many that came and went push out the oldest uses alone', () => {
    const { store, tell, enter } = kiosk();
    const kim = technician('Kim');
    for (let i = 0; i < 205; i++) {
      const one = technician(`T ${i}`);
      tell([one.told]);
      enter(one.paper[0]!);
    }
    tell([kim.told]);
    enter(kim.paper[0]!);
    expect(JSON.parse(store.setting('technician-uses')!)).toHaveLength(200);
    expect(enter(kim.paper[0]!)).toBe('wrong');
  });

  test.each(['{', '[null]', '[{"id":"x"}]'])(
    'that can’t be read let nobody in, and are reported as none: %s',
    (text) => {
      const { store, write } = kiosk();
      expect(idsTold(store)).toBeNull();
      write({ [TOLD_TECHNICIANS]: text });
      expect(() => readTold(store)).toThrow(expect.objectContaining({ code: 'technicians-unreadable' }));
      expect(idsTold(store)).toEqual([]);
    },
  );
});
