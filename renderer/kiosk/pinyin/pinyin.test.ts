import { expect, test } from 'vitest';
import { makeCandidates } from './candidates.ts';
import { makeTable } from './table.ts';

const candidatesOf = makeCandidates();
const first = (typed: string, count = 9) =>
  candidatesOf(typed)
    .slice(0, count)
    .map((c) => c.text);

test('usual surnames and given names are on the first page', () => {
  const names = {
    wang: '王',
    wei: '伟',
    li: '李',
    na: '娜',
    zhang: '张',
    san: '三',
    feng: '丰',
    xiu: '修',
    liu: '刘',
    chen: '陈',
    lv: '吕',
    zeng: '曾',
    shan: '单',
    qiu: '仇',
    ou: '欧',
    ling: '玲',
    jing: '静',
    yi: '怡',
  };
  for (const [typed, char] of Object.entries(names)) expect(first(typed), typed).toContain(char);
  expect([first('wang')[0], first('li')[0], first('zhang')[0]]).toEqual(['王', '李', '张']);
  // As a surname it is read differently.
  expect([first('shan')[0]]).toEqual(['单']);
});

test('takes syllables one after another, and a two-character surname at once', () => {
  expect(candidatesOf('wangwei')[0]).toEqual({ text: '王', takes: 4 });
  expect(candidatesOf('ouyangxiu')[0]).toEqual({ text: '欧阳', takes: 6 });
  expect(candidatesOf('ouyangxiu')[1]).toEqual({ text: '欧', takes: 2 });
  // Not "fang" and "an", since the rest would not begin a syllable.
  expect(candidatesOf("xi'an")[0]?.takes).toBe(2);
  expect(candidatesOf('xian').some((c) => c.takes === 2)).toBe(true);
});

test('an unfinished syllable shows what it may become; letters of no syllable show nothing', () => {
  expect(first('zh')).toContain('张');
  expect(candidatesOf('zh')[0]?.takes).toBe(2);
  expect(candidatesOf('v')).toEqual([]);
});

test('every character of GB 2312 and traditional ones can be typed', () => {
  const all = new Set([...makeTable().values()].flat());
  for (const char of '喆堃玥珺昇頔犇淼垚燚璟禤邨陳張劉黃禎龍') expect(all.has(char), char).toBe(true);
  const decoder = new TextDecoder('gb18030');
  for (let row = 0xb0; row <= 0xf7; row += 1)
    for (let cell = 0xa1; cell <= (row === 0xd7 ? 0xf9 : 0xfe); cell += 1) {
      const char = decoder.decode(Uint8Array.of(row, cell));
      expect(all.has(char), char).toBe(true);
    }
});
