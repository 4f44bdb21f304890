import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { expect, test, vi } from 'vitest';
import { LANGUAGES } from '../../sync/protocol/api/languages.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const LIMIT = 260_000;

/** The files named by a page, and those named by them, by their hashed names. */
function reached(folder: string, page: string): Set<string> {
  const assets = readdirSync(join(folder, 'assets'));
  const found = new Set<string>();
  const follow = (text: string): void => {
    for (const name of assets) {
      if (found.has(name) || !text.includes(name)) continue;
      found.add(name);
      if (/\.(js|css)$/.test(name)) follow(readFileSync(join(folder, 'assets', name), 'utf8'));
    }
  };
  follow(page);
  return found;
}

test('the kiosk’s pages, scripts, workers, styles and the Latin font stay within 260 kB, gzipped', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sp-bundle-'));
  // As shipped: under the test runner's value it would contain names of the sources and development checks.
  vi.stubEnv('NODE_ENV', 'production');
  try {
    await build({
      configFile: resolve(ROOT, 'vite.config.ts'),
      logLevel: 'error',
      build: { outDir: folder, emptyOutDir: true },
    });
    const page = readFileSync(join(folder, 'kiosk/index.html'), 'utf8');
    const names = [...reached(folder, page)];
    // Excluded are fonts of other scripts, fetched only where a screen needs them; MediaPipe's runtime, served beside it from
    // dist/models; readings of Chinese characters, needed where a name is typed in Chinese; staff's screens, fetched after the
    // first; and every language but English: the kiosk's own is fetched with the core's first message, the others after it.
    const others = LANGUAGES.filter((language) => language !== 'en');
    const later = new RegExp(`^(bar|staff|${others.join('|')})-.*\\.js$`);
    expect(names.filter((name) => later.test(name)).length).toBe(2 + others.length);
    const counted = names.filter((name) => (!name.endsWith('.woff2') || /latin-wght/.test(name)) && !later.test(name));
    const sizes = counted.map((name) => {
      const bytes = readFileSync(join(folder, 'assets', name));
      return { name, bytes: name.endsWith('.woff2') ? bytes.length : gzipSync(bytes).length };
    });
    const total = sizes.reduce((sum, { bytes }) => sum + bytes, gzipSync(page).length);
    const notified = sizes.map(({ name, bytes }) => `${name} ${bytes}`).join('\n');
    // Both workers are included, so that a changed name can't make the check miss them.
    expect(counted.filter((name) => /worker/.test(name)).length, notified).toBe(2);
    expect(
      counted.some((name) => name.endsWith('.woff2')),
      notified,
    ).toBe(true);
    expect(total, notified).toBeLessThanOrEqual(LIMIT);
    console.log(`kiosk bundle: ${total} bytes gzipped of ${LIMIT}`);
  } finally {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  }
});
