import { defineConfig } from 'vitest/config';

/** Unit tests sit beside their code; what spans folders sits in test/. Browser suites run under Playwright instead. */
export default defineConfig({
  test: {
    include: ['{electron,models,renderer,sync,build,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
