import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { MANIFEST_FILE } from '../../protocol/wire/release.ts';

const ROOT = join(import.meta.dirname, '../../..');
const Build = z.object({ version: z.string(), commit: z.string().optional() });

/** Version of this server build, with its commit if it is packaged: `0.2.0 (1a2b3c4d5e6f)`. */
export const SERVER_BUILD: string = (() => {
  const file = existsSync(join(ROOT, MANIFEST_FILE)) ? MANIFEST_FILE : 'package.json';
  const { version, commit } = Build.parse(JSON.parse(readFileSync(join(ROOT, file), 'utf8')));
  return commit ? `${version} (${commit.slice(0, 12)})` : version;
})();
