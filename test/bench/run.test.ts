import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { benchLine, interleaved, isMet, median, processMemory, quantile, startNode } from './harness.ts';
import { type BenchOptions, GROUPS, runBench } from './run.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes a group whose `run` has this body. */
function writeGroup(name: string, body: string, called = name): void {
  const text = `export const group = { name: '${called}', describe: 'what ${name} is', leavesOut: 'the rest', async *run() { ${body} } };`;
  writeFileSync(join(folder, `${name}.ts`), text);
}

async function run(options: BenchOptions): Promise<{ code: number; out: string[]; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runBench({
    ...options,
    folder: pathToFileURL(`${folder}/`),
    out: (text) => out.push(text),
    err: (text) => err.push(text),
  });
  return { code, out, err: err.join('\n') };
}

const LINE = `yield { name: 'n', unit: 'ms', group: 'gallery', ours: 2, reference: 'peer', referenceValue: 4, ratio: 0.5, better: 'lower', bar: 0.4 };`;

describe('the bench runner', () => {
  it('prints one object per line with --json, with keys in the documented order', async () => {
    writeGroup('gallery', LINE);
    const { code, out, err } = await run({ groups: ['gallery'], json: true });
    expect(code).toBe(0);
    expect(out).toEqual([
      '{"group":"gallery","name":"n","unit":"ms","ours":2,"reference":"peer","referenceValue":4,"ratio":0.5,"better":"lower","bar":0.4,"leavesOut":"the rest"}',
    ]);
    expect(err).toContain('0 of 1 bars met');
  });

  it('prints a table that marks missed bars, and with --strict exits with 3', async () => {
    writeGroup('gallery', LINE);
    const { code, out } = await run({ groups: ['gallery'], strict: true });
    expect(code).toBe(3);
    expect(out.at(-1)).toBe('      leaves out: the rest');
    expect(out.join('\n')).toMatch(/n +2 ms +peer 4 +0\.5× +≤ 0\.4 +MISSED/);
  });

  it('refuses an unknown group with exit code 2 and the list, and runs nothing', async () => {
    writeGroup('gallery', LINE);
    const { code, out, err } = await run({ groups: ['gallery', 'galery'] });
    expect(code).toBe(2);
    expect(out).toEqual([]);
    for (const name of GROUPS) expect(err).toContain(name);
  });

  it('exits with 1 if a group is absent, and still runs the others', async () => {
    writeGroup('gallery', LINE);
    const { code, out, err } = await run({ json: true });
    expect(code).toBe(1);
    expect(out).toHaveLength(1);
    for (const name of GROUPS.filter((group) => group !== 'gallery')) expect(err).toContain(`${name}: FAILED`);
  });

  it.each([
    ['fails', `${LINE} throw new Error('no camera');`, 'gallery', 'no camera'],
    ['measures nothing', '', 'gallery', 'measured nothing'],
    ['has another name', LINE, 'store', 'must export a BenchGroup named "gallery"'],
    ['reports lines of another group', LINE.replace("'gallery'", "'store'"), 'gallery', 'of group "store"'],
  ])('exits with 1 if a group %s', async (_, body, called, message) => {
    writeGroup('gallery', body, called);
    const { code, err } = await run({ groups: ['gallery'], json: true });
    expect(code).toBe(1);
    expect(err).toContain(message);
  });

  it('exits with 1 if a group does not say what its lines leave out', async () => {
    const text = `export const group = { name: 'gallery', describe: '', async *run() { ${LINE} } };`;
    writeFileSync(join(folder, 'gallery.ts'), text);
    const { code, out, err } = await run({ groups: ['gallery'], json: true });
    expect([code, out]).toEqual([1, []]);
    expect(err).toContain('leavesOut');
  });

  it('lists the groups without running them', async () => {
    for (const name of GROUPS) writeGroup(name, "throw new Error('ran')");
    const { code, out } = await run({ list: true });
    expect(code).toBe(0);
    expect(out.map((line) => line.replace(/ +/g, ' '))).toEqual(GROUPS.map((name) => `${name} what ${name} is`));
  });
});

describe('bench lines', () => {
  const base = { group: 'g', name: 'n', unit: 'u', ours: 3, reference: 'peer', referenceValue: 2 } as const;

  it('have the ratio ours / reference, which a bar bounds on the better side', () => {
    expect(benchLine({ ...base, better: 'higher' })).toMatchObject({ ratio: 1.5 });
    expect(isMet(benchLine({ ...base, better: 'higher' }))).toBeNull();
    expect(isMet(benchLine({ ...base, better: 'higher', bar: 1.5 }))).toBe(true);
    expect(isMet(benchLine({ ...base, better: 'higher', bar: 1.6 }))).toBe(false);
    expect(isMet(benchLine({ ...base, better: 'lower', bar: 1.5 }))).toBe(true);
    expect(isMet(benchLine({ ...base, better: 'lower', bar: 1.4 }))).toBe(false);
  });

  it('refuse anything but a number', () => {
    expect(() => benchLine({ ...base, better: 'lower', ours: Number.NaN })).toThrow(/ours is NaN/);
    expect(() => benchLine({ ...base, better: 'lower', referenceValue: 0 })).toThrow(/peer is 0/);
    expect(() => benchLine({ ...base, better: 'lower', referenceValue: null, bar: 1 })).toThrow(/needs a reference/);
  });
});

describe('helpers', () => {
  it('median and quantile', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(quantile([0, 10], 0.95)).toBeCloseTo(9.5);
    expect(() => median([])).toThrow(RangeError);
  });

  it('interleaved tasks take turns, starting with a different one each round, and warm-up rounds are not counted', async () => {
    const calls: string[] = [];
    const times = await interleaved(
      { a: (round) => calls.push(`a${round}`), b: async (round) => calls.push(`b${round}`) },
      { rounds: 2, warmUp: 1 },
    );
    expect(calls).toEqual(['a0', 'b0', 'a0', 'b0', 'b1', 'a1']);
    expect(times.a).toHaveLength(2);
    expect(times.b).toHaveLength(2);
  });

  it('a child process answers, is measured, and has ended after stop', async () => {
    const file = join(folder, 'child.mjs');
    writeFileSync(
      file,
      `console.log('noise'); console.log('ready'); process.stdin.on('data', (d) => console.log('got ' + d));`,
    );
    const child = startNode(file);
    try {
      expect(await child.line((line) => line === 'ready', 20_000)).toBe('ready');
      child.write('x\n');
      expect(await child.line((line) => line.startsWith('got'), 20_000)).toBe('got x');
      const { resident, peak } = child.memory();
      expect(resident).toBeGreaterThan(10e6);
      expect(peak).toBeGreaterThanOrEqual(resident);
    } finally {
      await child.stop();
    }
    expect(() => processMemory(child.pid)).toThrow();
  });

  it('a child that ends before its line is an error, not a hang', async () => {
    const file = join(folder, 'child.mjs');
    writeFileSync(file, 'process.exitCode = 7;');
    const child = startNode(file);
    await expect(child.line(() => true, 20_000)).rejects.toThrow(/ended with 7/);
    await child.stop();
  });
});
