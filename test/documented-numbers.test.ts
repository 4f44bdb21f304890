import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LIVENESS_TRIES } from '../electron/core/checkin/liveness-tries.ts';
import { SiteConfig } from '../electron/core/site/config.ts';
import { FR_FEATURE, thresholdFor } from '../models/rules/decision.ts';
import { ORDERS, STRENGTHS } from '../models/rules/liveness/challenge.ts';
import { COLOURS, drawSequence } from '../models/rules/liveness/light/sequence.ts';

/* Numbers in the docs that the code computes. If the code changes, the docs must change too. */

const page = (name: string): string => readFileSync(join(import.meta.dirname, '../docs/prove', name), 'utf8');

test('probabilities of recognition and liveness in the docs match the code', () => {
  const liveness = page('liveness.md');
  const [light, standard, strong] = STRENGTHS.map((strength) => ORDERS[strength].length);
  expect(liveness).toContain(
    `1 of ${light} challenges with \`light\`, 1 of ${standard} with \`standard\`, 1 of ${strong} with \`strong\``,
  );
  const round = (orders: number) => Math.round(100 * (1 - (1 - 1 / orders) ** LIVENESS_TRIES));
  expect(liveness).toContain(
    `${round(standard!)} % of such rounds with \`standard\`, ${round(strong!)} % with \`strong\``,
  );
  const shades = drawSequence(() => 0).length;
  expect(liveness).toContain(`${(COLOURS.length * (COLOURS.length - 1) ** (shades - 1)).toLocaleString('en')} orders`);

  const recognition = page('recognition.md');
  const row = (title: string) => new RegExp(`^\\| ${title} \\| (.*) \\|$`, 'm').exec(recognition)![1]!.split(' | ');
  const { targetFpir, calibratedPeople } = SiteConfig.shape;
  const demands = { targetFpir: targetFpir.parse(undefined), calibration: FR_FEATURE };
  const people = row('people').map((text) => Number(text.replace(',', '')));
  const thresholds = people.map((n) => thresholdFor({ people: n, templates: n }, demands).toFixed(3));
  expect(thresholds).toHaveLength(6);
  expect(row('threshold')).toEqual(thresholds);
  const { fmr, threshold } = FR_FEATURE.curve.at(-1)!;
  expect(recognition).toContain(
    `Beyond ${threshold}, which is some ${Math.round(demands.targetFpir / fmr / 100) * 100} people`,
  );
  expect(recognition).toContain(`${calibratedPeople.parse(undefined).toLocaleString('en')} by default`);
});
