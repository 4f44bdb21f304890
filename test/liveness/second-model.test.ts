import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { prepareModels } from '../../build/models/prepare.ts';
import { enrolDemoPeople } from '../../electron/cli/demo/enrol.ts';
import type { ProbeResult } from '../../electron/contract/methods.ts';
import { startCore } from '../../electron/core/core.ts';
import type { Core } from '../../electron/core/interface.ts';
import { kioskHome } from '../../electron/core/paths.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import type { FacePipeline } from '../../models/node/interface.ts';
import { openPipeline } from '../../models/node/pipeline.ts';
import { sp } from '../cli/run-sp.ts';
import { brightnessEntry, writeBrightness } from '../kit/brightness-model.ts';
import { withKiosk } from '../kit/opened-kiosk.ts';
import { manB, type Seen, visit } from './at-kiosk.ts';

/*
 * An operator's own liveness model at a kiosk. The core, its models and its store are real. Footage replaces the camera, and a
 * model that only measures brightness replaces a trained one.
 */

let base: string;
let home: string;
let pipeline: FacePipeline;
let person: () => Seen;
let core: Core | null = null;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'sp-second-model-'));
  home = kioskHome({ SMARTPRESENCE_HOME: base });
  ensureKioskFolder(home, false);
  await withKiosk(home, async (kiosk) => {
    await enrolDemoPeople(kiosk);
    await kiosk.store.people.add({
      id: randomUUID(),
      name: 'Max Mustermann',
      number: '470011',
      pinHash: await (await kiosk.pins()).hash('5830'),
      language: 'en',
      consent: { textVersion: 'test', language: 'en' },
      templates: [],
      photo: null,
    });
  });
  pipeline = await openPipeline((await prepareModels()).weights);
  person = await manB(pipeline);
});
afterEach(async () => {
  await core?.close();
  core = null;
});
afterAll(async () => {
  await pipeline?.close();
  rmSync(base, { recursive: true, force: true });
});

/** Adds that model with these means subtracted from every byte: dark enough is never alive, bright enough always is. */
async function addModel(mean: number): Promise<void> {
  const recipe = { ...brightnessEntry().recipe, mean: [mean, mean, mean] as const };
  const folder = writeBrightness(join(base, `model-${mean}`), brightnessEntry({ recipe }));
  const { code, stdout, stderr } = await sp(base, ['models', 'add', folder, '--kiosk']);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^brightness@[0-9a-f]{12}\n$/);
}

async function start(): Promise<Core['methods']> {
  core = await startCore({ home, deviceSecret: null, demo: false, log: () => undefined });
  return core.methods;
}

const prompts = (answers: readonly ProbeResult[]) => answers.flatMap((one) => (one.kind === 'challenge' ? [one] : []));
const doctor = async () => {
  const { code, stdout } = await sp(base, ['doctor', '--kiosk', '--json']);
  return { code, ...JSON.parse(stdout) };
};

test('a face that the model accepts and that passes the challenge is checked in', async () => {
  await addModel(-255);
  const methods = await start();
  const answers = await visit(methods, person());
  expect(answers.at(-1)).toMatchObject({ kind: 'welcome', receipt: { name: 'John Doe', liveness: 'passed' } });
  const passiveLiveness = expect.stringMatching(/^brightness@/);
  expect(await doctor()).toMatchObject({ code: 0, ok: true, passiveLiveness, problem: null });
});

test('a face that it rejects fails before the first movement, and three failures lead to a pause', async () => {
  await addModel(255);
  const methods = await start();
  const answers = await visit(methods, person());
  expect(answers.at(-1)).toEqual({ kind: 'other-method', reason: 'liveness', code: 'not-live' });
  expect(new Set(prompts(answers).map(({ step }) => step))).toEqual(new Set(['middle']));
  const begun = answers.filter((one, i) => one.kind === 'challenge' && answers[i - 1]?.kind !== 'challenge');
  expect(begun).toHaveLength(3);
  const again = await visit(methods, person());
  expect(again.at(-1)).toEqual({ kind: 'other-method', reason: 'liveness' });
  expect(prompts(again)).toEqual([]);
  await core!.close();
  core = null;
  // One from each of the two tests.
  await withKiosk(home, ({ store }) => expect(store.checkins.list({ limit: 9 })).toHaveLength(1));
});

test('without its file no face is accepted; other methods keep working, and kiosk and doctor give a next step', async () => {
  const file = join(home, 'embedders', 'brightness.onnx');
  const whole = readFileSync(file);
  const altered = Buffer.from(whole);
  altered[altered.length - 1]! ^= 1;
  writeFileSync(file, altered);
  const methods = await start();
  const nextStep = expect.stringContaining('models add');
  const { face } = await methods.status({});
  expect(face).toMatchObject({ use: 'off', code: 'model-altered', nextStep });
  const { visit: id } = await methods.visitBegin({});
  const frame = { ...person()('middle', 0), takenAt: 0 };
  await expect(methods.probe({ visit: id, frame })).rejects.toMatchObject({ code: 'model-altered' });
  const { receipt } = await methods.checkinByPin({ number: '470011', pin: '5830' });
  expect(receipt).toMatchObject({ name: 'Max Mustermann', method: 'number+pin' });
  expect(await doctor()).toMatchObject({ code: 1, ok: false, problem: { code: 'model-altered', nextStep } });
  const said = await sp(base, ['doctor', '--kiosk']);
  expect([said.code, said.stdout]).toEqual([
    1,
    expect.stringMatching(/failing +models +model-altered.*\n.*models add/),
  ]);
});
