import { defineConfig } from 'vitest/config';

/** Unit tests sit beside their code; what spans folders sits in test/. Browser suites run under Playwright instead. */
export default defineConfig({
  test: {
    include: ['{electron,models,renderer,sync,build,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // Ends what hangs. How fast something is, a benchmark says: a busy machine fails no test.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    maxWorkers: 2,
  },
});
