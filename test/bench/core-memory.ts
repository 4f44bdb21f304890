import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPicture } from '../../electron/cli/demo/footage.ts';
import { demoPeople } from '../../electron/cli/demo/people.ts';
import type { FaceFrame } from '../../electron/contract/frames.ts';
import { openKeys } from '../../electron/core/keys/index.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { createStore } from '../../electron/core/store/index.ts';
import { startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import { EMBEDDER_ID } from '../../models/rules/manifest.ts';
import { enterKiosk } from '../e2e/node-screen.ts';
import { syntheticPeople } from './embeddings.ts';
import { processMemory } from './harness.ts';

const PEOPLE = 10_000;
const TEMPLATES = 3;
const PROBES = 50;
const ROOT = join(import.meta.dirname, '../..');

/** Memory of the real core process, bytes, and how long it took until it served, ms. */
export interface CoreMemory {
  readonly loaded: number;
  readonly afterProbes: number;
  readonly peak: number;
  readonly openMs: number;
}

/**
 * Starts the browser host and its core process on a store of 10,000 people with 3 templates each, shows it a real face
 * 50 times, and reads the core's resident memory. The store is made once (ten seconds) and kept in the temporary
 * folder; it holds synthetic people alone.
 */
export async function measureCoreMemory(note: (message: string) => void): Promise<CoreMemory> {
  const home = await largeKiosk(note);
  const frame = await realFace();
  const began = performance.now();
  const host = await startBrowserHost({
    home,
    demo: false,
    secretInFile: true,
    browser: { mode: 'none' },
    log: () => undefined,
  });
  try {
    const link = await (await enterKiosk(host)).connect();
    const { people } = await link.client.status({});
    if (people !== PEOPLE) throw new Error(`the core holds ${people} people instead of ${PEOPLE}`);
    const openMs = performance.now() - began;
    const pid = host.corePid;
    if (pid === null) throw new Error('the core is gone');
    const loaded = processMemory(pid).resident;
    for (let i = 0; i < PROBES; i++) {
      const { visit } = await link.client.visitBegin({});
      const result = await link.client.probe({ visit, frame: { ...frame, takenAt: i } });
      // A kiosk of this size lets nobody in by the face alone; anything else means the gallery was not searched.
      if (result.kind !== 'other-way' && result.kind !== 'more')
        throw new Error(`unexpected: ${JSON.stringify(result)}`);
      await link.client.visitEnd({ visit });
    }
    const { resident: afterProbes, peak } = processMemory(pid);
    if (host.corePid !== pid) throw new Error('the core was restarted while it was measured');
    link.close();
    return { loaded, afterProbes, peak, openMs };
  } finally {
    await host.close();
  }
}

/** A kiosk's folder with the people in it, found again by what the store is made of. */
async function largeKiosk(note: (message: string) => void): Promise<string> {
  const base = join(tmpdir(), `smartpresence-bench-${process.getuid?.() ?? 'user'}`);
  mkdirSync(base, { recursive: true, mode: 0o700 });
  const home = join(base, `people-${PEOPLE}-${storeFingerprint()}`);
  if (existsSync(home)) return home;
  for (const old of readdirSync(base)) rmSync(join(base, old), { recursive: true, force: true });
  note(`filling a store with ${PEOPLE} people, ${TEMPLATES} templates each; kept in ${base}`);
  const part = `${home}.part`;
  ensureKioskFolder(part, false);
  const { rows } = syntheticPeople(PEOPLE * TEMPLATES, 0, 7);
  const store = await createStore({
    home: part,
    keys: await openKeys({ home: part, deviceSecret: null, allowSecretFile: true }),
  });
  try {
    const row = (n: number) => rows.slice(n * 512, (n + 1) * 512);
    for (let n = 0; n < PEOPLE; n++) {
      if (n > 0 && n % 2000 === 0) note(`${n} of ${PEOPLE} people`);
      await store.addPerson({
        id: randomUUID(),
        name: `Bench Person ${n}`,
        number: String(100_000 + n),
        language: 'en',
        consent: { textVersion: '1', language: 'en' },
        // syntheticPeople deals the templates out in turns: those of person n are n, n + PEOPLE, n + 2 PEOPLE.
        templates: Array.from({ length: TEMPLATES }, (_, t) => ({
          pose: 'photo',
          model: EMBEDDER_ID,
          embedding: row(n + t * PEOPLE),
        })),
        photo: null,
        pinHash: null,
      });
    }
  } finally {
    store.close();
  }
  renameSync(part, home);
  return home;
}

/** Changes when the code that writes a store does. */
function storeFingerprint(): string {
  const hash = createHash('sha256').update(EMBEDDER_ID);
  for (const folder of ['electron/core/store', 'electron/core/keys', 'test/bench']) {
    for (const file of readdirSync(join(ROOT, folder)).sort()) {
      if (folder === 'test/bench' && file !== 'core-memory.ts' && file !== 'embeddings.ts') continue;
      if (file.endsWith('.ts')) hash.update(file).update(readFileSync(join(ROOT, folder, file)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** A face as a screen would send it. */
async function realFace(): Promise<Omit<FaceFrame, 'takenAt'>> {
  const [person] = demoPeople();
  const picture = await readPicture(person!.pictures[0]!);
  const { openPipeline } = await import('../../models/node/pipeline.ts');
  const pipeline = await openPipeline();
  try {
    const [face] = await pipeline.detect(picture);
    if (!face) throw new Error('no face in the demo picture');
    return {
      picture: { ...picture, data: new Uint8Array(picture.data) },
      box: [...face.box],
      others: 0,
    };
  } finally {
    await pipeline.close();
  }
}
