import { defineConfig } from '@playwright/test';

/** A mutant waits for each thing that no longer happens; else this ends what hangs. */
const EXPECT_MS = Number(process.env.EXPECT_MS ?? 180_000);

/**
 * Browser suites: real Chromium of the system, with a fake camera. Each suite starts what it needs by itself.
 * Chromium's own sandbox can't work for root, which is what build machines run as; a kiosk never runs so.
 */
export default defineConfig({
  testDir: 'test',
  testMatch: '**/*.spec.ts',
  outputDir: 'test/artefacts/playwright',
  fullyParallel: false,
  workers: 2,
  // Both end what hangs: the machine may be shared, and what takes a tenth of a second alone may take many there.
  timeout: 600_000,
  expect: { timeout: EXPECT_MS, toPass: { timeout: EXPECT_MS } },
  reporter: 'list',
  use: {
    browserName: 'chromium',
    actionTimeout: EXPECT_MS,
    launchOptions: {
      executablePath: '/usr/bin/chromium',
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    },
  },
});
