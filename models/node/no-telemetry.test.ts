import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('the models’ runtime leaves nothing in the home folder, neither an identifier nor data to send', () => {
  const home = mkdtempSync(join(tmpdir(), 'sp-telemetry-'));
  try {
    const { XDG_CACHE_HOME: _, ORT_DISABLE_TELEMETRY: __, ...env } = process.env;
    const script = `import { loadModels } from ${JSON.stringify(join(import.meta.dirname, 'sessions.ts'))};
      const models = await loadModels();
      await models.landmarks.run(new Float32Array(64 * 64));
      console.log('loaded');
      process.exit(0);`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...env, HOME: home },
      encoding: 'utf8',
    });
    expect(child.stderr).toBe('');
    expect(child.stdout).toContain('loaded');
    expect(readdirSync(home)).toEqual([]);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
