import { seededRandom } from '../bench/harness.ts';
import { ensureBuilt } from '../kit/ensure-built.ts';
import { isWhole, readOptions } from '../options.ts';
import { BOUNDED, THOROUGH } from './cuts.ts';
import { cutPower, SCENARIOS } from './scenarios.ts';

/*
 * npm run test:powercut -- [--bounded] [--seed N] [--only NAME]
 * A power cut at every moment. Records what the real kiosk and the real updater write and flush (strace), makes every disk that a
 * cut could leave (disk.ts has the model and its limits), and starts kiosk, launcher and updater on it. Exit: 0 nothing was lost,
 * 1 something was, 2 wrong usage.
 */

const options = readOptions(
  'npm run test:powercut -- [--bounded] [--seed N] [--only NAME]',
  {
    bounded: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
  ({ seed, only = '' }) => {
    if (!isWhole(seed, 0)) return '--seed takes a whole number';
    const names = Object.keys(SCENARIOS);
    return names.some((one) => one.startsWith(only)) ? null : `--only takes one of: ${names.join(', ')}`;
  },
);
const seed = Number(options.seed);
const how = { ...(options.bounded ? BOUNDED : THOROUGH), random: seededRandom(seed) };
await ensureBuilt(console.error);
console.log(`seed ${seed}`);
let states = 0;
let lost = 0;
for (const name of Object.keys(SCENARIOS).filter((one) => !options.only || one.startsWith(options.only))) {
  const tally = await cutPower(name, how);
  console.log(`\n${name}: ${tally.disks} different disks`);
  for (const [kind, count] of [...tally.states].toSorted()) {
    console.log(`  ${kind.padEnd(38)} ${String(count).padStart(7)}`);
    states += count;
  }
  for (const { lost: what, after, how: left } of tally.losses) {
    console.log(`  LOST ${what}\n    cut after: ${after}\n    on the disk: ${left}`);
    lost += 1;
  }
}
console.log(`\n${states} states, ${lost} lost`);
process.exit(lost === 0 ? 0 : 1);
