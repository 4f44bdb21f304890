import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/**
 * Builds the screens into dist/renderer if their sources have changed since the last build. A packaged product has no sources
 * and ships built screens. Changes are detected by a hash over all inputs rather than by time stamps.
 */
export async function ensureScreens(say: (line: string) => void): Promise<void> {
  const stampFile = join(root, 'dist/renderer/.sources');
  const stamp = await sourcesHash();
  try {
    if (readFileSync(stampFile, 'utf8') === stamp) return;
  } catch {
    // no stamp: never built, or removed
  }
  const { build } = await import('vite');
  await build({ configFile: join(root, 'vite.config.ts'), logLevel: 'error' });
  await writeFile(stampFile, stamp);
  say('Built the screens.');
}

async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of ['renderer', 'models/rules', 'electron/contract', 'sync/protocol']) {
    const entries = (await readdir(join(root, folder), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    for (const file of entries) hash.update(file.slice(root.length)).update(await readFile(file));
  }
  for (const file of ['vite.config.ts', 'package-lock.json']) hash.update(await readFile(join(root, file)));
  return hash.digest('hex');
}
