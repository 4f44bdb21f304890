import { randomUUID } from 'node:crypto';
import type { NewCheckin, NewPerson } from '../../electron/core/store/interface.ts';
import type { NewPending } from '../../electron/core/store/pending.ts';

/** People and check-ins to store. Independent of the test runner, so that child processes can use them too. */

export const MODEL = 'fr_feature@0123456789ab';

export function embedding(seed = 1): Float32Array {
  const out = Float32Array.from({ length: 512 }, (_, i) => Math.sin(seed * 977 + i * 1.37));
  const norm = Math.hypot(...out);
  return out.map((v) => v / norm);
}

export function aPerson(change: Partial<NewPerson> = {}): NewPerson {
  return {
    id: randomUUID(),
    name: 'Ada Lovelace',
    number: null,
    language: 'en',
    consent: { textVersion: '2026-1', language: 'en' },
    templates: [{ pose: 'front', model: MODEL, embedding: embedding() }],
    photo: null,
    pinHash: null,
    ...change,
  };
}

export function aCheckin(person: string, change: Partial<NewCheckin> = {}): NewCheckin {
  return {
    person,
    open: {
      direction: 'in',
      method: 'face',
      liveness: 'passed',
      model: MODEL,
      threshold: 0.52,
      gallery: { people: 3, templates: 12 },
    },
    score: 0.71,
    second: 0.22,
    photo: null,
    gps: null,
    ...change,
  };
}

export function aPending(change: Partial<NewPending> = {}): NewPending {
  return {
    label: 'Ada Lovelace',
    file: 'ada.jpg',
    reason: 'asked',
    person: null,
    duplicate: null,
    consent: '2026-1',
    language: 'en',
    face: [0.25, 0.25, 0.5, 0.5],
    original: new Uint8Array([1, 2, 3]),
    picture: new Uint8Array([4, 5, 6]),
    ...change,
  };
}
