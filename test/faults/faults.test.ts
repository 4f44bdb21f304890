import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemMissing } from './whole-system.ts';

const missing = systemMissing();
if (missing) console.warn(`\n!!! SKIPPED: fault runs: ${missing}\n`);

describe.skipIf(missing !== null)('forty faults that each hit work in progress', () => {
  it('lose and duplicate nothing, and keep order and chain', { timeout: 480_000 }, async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'run.ts'), '--faults', '40'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said += chunk;
      });
    }
    const [code] = (await once(child, 'close')) as [number | null];
    const lines = said.trim().split('\n');
    console.log(lines.slice(-26).join('\n'));
    expect(code, lines.slice(-60).join('\n')).toBe(0);
    expect(lines.at(-1)).toMatch(
      /^faults 40, confirmed \d+, lost 0, doubled 0, out of order 0, chain broken 0, quarantined 0$/,
    );
  });
});
