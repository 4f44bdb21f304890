import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, expect, test } from 'vitest';
import { aPerson, embedding, MODEL, newFolder, openKiosk } from '../../../test/store/kiosk.ts';
import type { CommandContext } from '../command.ts';
import type { SqlStore } from '../store/store.ts';
import { importPeople } from './import.ts';

/* What changes while an import runs, on a real store, with a recogniser that sees one face in each picture. */

let store: SqlStore;
let folder: string;
/** Runs while the models process the first picture. */
let meanwhile: () => Promise<unknown>;

beforeEach(async () => {
  store = await openKiosk(newFolder());
  folder = newFolder();
  mkdirSync(join(folder, 'Ada Lovelace'));
  await sharp({ create: { width: 80, height: 60, channels: 3, background: '#777' } })
    .jpeg()
    .toFile(join(folder, 'Ada Lovelace', '1.jpg'));
});

async function run(): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  const faces = {
    pipeline: { detect: async () => [{ box: [20, 15, 30, 30] }] },
    recogniser: {
      model: MODEL,
      off: null,
      calibration: { verification: 0.45, curve: [] },
      gallery: { add: () => undefined },
      inspect: async () => ({
        shape: {
          quality: { size: 160, brightness: 128, contrast: 50, sharpness: 200, yaw: 0, pitch: 0, roll: 0, visible: 1 },
        },
        reason: null,
      }),
      embed: async () => {
        await meanwhile();
        return embedding(2);
      },
      search: () => ({ match: { best: null }, decision: { threshold: 0.5 } }),
    },
  };
  const context = { store, faces: async () => faces, changed: () => undefined } as unknown as CommandContext;
  const args = { folder, consent: 'form-7', language: 'en', review: false };
  await importPeople.run(context, args as never, {
    line: (line) => void lines.push(line as Record<string, unknown>),
    progress: () => undefined,
  });
  return lines;
}

const consents = () => store.outbox.pending(100).filter(({ header }) => header.type === 'consent').length;

test('a person erased during an import is not enrolled by it, and no picture of them is kept', async () => {
  const { id } = await store.people.add(aPerson());
  meanwhile = () => store.people.delete(id);
  const lines = await run();
  expect(lines[0]).toMatchObject({ result: 'refused', reason: 'person-unknown' });
  expect([store.people.count(), store.imports.count()]).toEqual([0, 0]);
});

test('a person whose templates are deleted during an import counts as one without a face: the importer’s word does not enrol them', async () => {
  const { id } = await store.people.add(aPerson());
  const before = consents();
  meanwhile = () => store.roster.dropTemplates();
  const lines = await run();
  expect(lines[0]).toMatchObject({ review: 'waiting', reason: 'consent-unclear' });
  expect([store.people.get(id)!.templates, consents() - before]).toEqual([0, 0]);
});

test('a site that switches faces off ends a running import', async () => {
  meanwhile = () =>
    store.roster.apply({
      cursor: 'c1',
      changes: [{ kind: 'policy', policy: { leaseDays: 30, faces: 'off' } }],
      whole: false,
      more: false,
    });
  await expect(run()).rejects.toMatchObject({ code: 'faces-not-allowed' });
  expect([store.people.count(), store.imports.count()]).toEqual([0, 0]);
});
