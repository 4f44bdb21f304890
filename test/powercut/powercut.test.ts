import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { seededRandom } from '../bench/harness.ts';
import { BOUNDED } from './cuts.ts';
import { cutPower, SCENARIOS } from './scenarios.ts';

/* Each flush, each answer and a tenth of the moments in between. `npm run test:powercut` tries all of them. */

const SEED = 20261127;

test.skipIf(!existsSync('/usr/bin/strace')).each(Object.keys(SCENARIOS))(
  `a power cut loses nothing confirmed, and needs no visit: %s (seed ${SEED})`,
  async (name) => {
    const { states, losses } = await cutPower(name, { ...BOUNDED, random: seededRandom(SEED) });
    expect(losses).toEqual([]);
    expect([...states.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(10);
  },
  3_600_000,
);
