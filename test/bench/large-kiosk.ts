import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKeys } from '../../electron/core/keys/index.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { systemClock } from '../../electron/core/store/clock.ts';
import { createStore } from '../../electron/core/store/index.ts';
import { EMBEDDER_ID } from '../../models/rules/manifest.ts';
import { syntheticPeople } from './embeddings.ts';

export const TEMPLATES = 3;
/** Time between two check-ins. */
const APART_MS = 5_000;
const ROOT = join(import.meta.dirname, '../..');

/**
 * Makes a kiosk's folder with this many synthetic people, three templates each, and this many check-ins, the latest just now and
 * none of them sent. It is made once (ten seconds for 10,000), kept in the temporary folder, and reused while the code that
 * writes a store is the same. A test that changes it must copy it first.
 */
export async function largeKiosk(people: number, note: (message: string) => void, checkins = 0): Promise<string> {
  const base = join(tmpdir(), `smartpresence-bench-${process.getuid?.() ?? 'user'}`);
  mkdirSync(base, { recursive: true, mode: 0o700 });
  const fingerprint = storeFingerprint();
  const home = join(base, `people-${people}-${checkins}-${fingerprint}`);
  if (existsSync(home)) return home;
  for (const old of readdirSync(base))
    if (!old.endsWith(fingerprint)) rmSync(join(base, old), { recursive: true, force: true });
  note(`filling a store with ${people} people, ${TEMPLATES} templates each; kept in ${base}`);
  const part = `${home}.part`;
  ensureKioskFolder(part, false);
  const { rows } = syntheticPeople(people * TEMPLATES, 0, 7);
  const time = { ms: Date.now() - checkins * APART_MS };
  const store = await createStore({
    home: part,
    clock: { ...systemClock(), now: () => time.ms },
    keys: await openKeys({ home: part, deviceSecret: null, allowSecretFile: true }),
  });
  try {
    const row = (n: number) => rows.slice(n * 512, (n + 1) * 512);
    for (let n = 0; n < people; n++) {
      if (n > 0 && n % 2000 === 0) note(`${n} of ${people} people`);
      await store.people.add({
        id: randomUUID(),
        name: `Bench Person ${n}`,
        number: String(100_000 + n),
        language: 'en',
        consent: { textVersion: '1', language: 'en' },
        // syntheticPeople interleaves the templates: those of person n are n, n + people, n + 2 people.
        templates: Array.from({ length: TEMPLATES }, (_, t) => ({
          pose: 'photo',
          model: EMBEDDER_ID,
          embedding: row(n + t * people),
        })),
        photo: null,
        pinHash: null,
      });
    }
    const ids = store.people.all().map(({ id }) => id);
    for (let n = 0; n < checkins; n++) {
      if (n > 0 && n % 10_000 === 0) note(`${n} of ${checkins} check-ins`);
      time.ms += APART_MS;
      await store.checkins.record({
        person: ids[n % ids.length]!,
        open: {
          direction: Math.floor(n / ids.length) % 2 === 0 ? 'in' : 'out',
          method: 'face',
          liveness: 'passed',
          model: EMBEDDER_ID,
          threshold: 0.5213,
          gallery: { people, templates: people * TEMPLATES },
        },
        score: 0.7312,
        second: 0.2114,
        photo: null,
        gps: null,
      });
    }
  } finally {
    store.close();
  }
  renameSync(part, home);
  return home;
}

/** A hash that changes with the code that writes a store. */
function storeFingerprint(): string {
  const hash = createHash('sha256').update(EMBEDDER_ID);
  for (const folder of ['electron/core/store', 'electron/core/keys', 'test/bench']) {
    for (const file of readdirSync(join(ROOT, folder)).sort()) {
      if (folder === 'test/bench' && file !== 'large-kiosk.ts' && file !== 'embeddings.ts') continue;
      if (file.endsWith('.ts')) hash.update(file).update(readFileSync(join(ROOT, folder, file)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
