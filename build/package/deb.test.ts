import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { debianVersion } from './deb.ts';

const DPKG = '/usr/bin/dpkg';

test.skipIf(!existsSync(DPKG))('versions sort the same in Debian’s order as in semantic versioning', () => {
  const inOrder = ['0.9.0', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-rc.1', '1.0.0-rc.2', '1.0.0', '1.0.1', '1.10.0'];
  for (const [i, lower] of inOrder.slice(0, -1).entries()) {
    const higher = inOrder[i + 1]!;
    const compared = spawnSync(DPKG, ['--compare-versions', debianVersion(lower), 'lt', debianVersion(higher)]);
    expect([lower, higher, compared.status]).toEqual([lower, higher, 0]);
  }
});
