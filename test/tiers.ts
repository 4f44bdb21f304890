import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';

/**
 * The suites that `npm test` leaves to `npm run test:long`, so that it ends within about twelve minutes on two cores: the policy
 * on both databases, attacks, restores, whole programs restarted repeatedly, and the pages of console and person. Paths are
 * relative to the project's root; a folder ends in `/**`.
 */
export const LONG: readonly string[] = [
  'test/policy/**',
  'test/proxy/**',
  'test/authority/**',
  'test/backup/**',
  'test/checks/doctor.test.ts',
  'test/checks/upgrade.test.ts',
  'test/security/**',
  'test/options.test.ts',
  'test/cli/accounts.test.ts',
  'test/cli/audit.test.ts',
  'test/cli/backup-bucket.test.ts',
  'test/cli/broker-files.test.ts',
  'test/cli/control.test.ts',
  'test/cli/device.test.ts',
  'test/cli/installed.test.ts',
  'test/cli/keys.test.ts',
  'test/cli/people.test.ts',
  'test/cli/photo-review.test.ts',
  'test/cli/quarantine.test.ts',
  'test/cli/rollout.test.ts',
  'test/cli/setup.test.ts',
  'test/fleet/**',
  'test/hosts/electron-lockdown.test.ts',
  'test/hosts/electron-setup.test.ts',
  'test/hosts/electronegativity/electronegativity.test.ts',
  'test/liveness/footage.test.ts',
  'test/liveness/second-model.test.ts',
  'test/liveness/trial.test.ts',
  'test/powercut/**',
  'test/store/kill.test.ts',
  'test/store/no-plaintext.test.ts',
  'test/soak/month.test.ts',
  'test/store/upgrade.test.ts',
  'test/sync/changes/**',
  'test/sync/device-limits.test.ts',
  'test/sync/engine-kiosk.test.ts',
  'test/sync/identity-keys.test.ts',
  'test/sync/identity-kiosk.test.ts',
  'test/sync/identity-restored.test.ts',
  'test/sync/mqtt-move-to-replicas.test.ts',
  'test/sync/operations.test.ts',
  'test/sync/repeat-window.test.ts',
  'test/sync/replicas.test.ts',
  'test/sync/server-devices.test.ts',
  'test/update/**',
  'sync/server/platform/objects/**',
  'build/compose/**',
  'test/installed/**',
  'test/console/job-reports.test.ts',
  'test/console/alerts.spec.ts',
  'test/console/sign-in.spec.ts',
  'test/console/pages.spec.ts',
  'test/console/reports.spec.ts',
  'test/console/fleet.spec.ts',
  'test/console/desk.spec.ts',
  'test/console/keyboard.spec.ts',
  'test/console/keyboard-running.spec.ts',
  'test/console/people.spec.ts',
  'test/console/rollouts.spec.ts',
  'test/console/screens.spec.ts',
  'test/console/lists.spec.ts',
  'test/console/meanwhile.spec.ts',
  'test/console/search.spec.ts',
  'test/console/tasks.spec.ts',
  'test/console/webhooks.spec.ts',
  'test/console/kiosk-staff.spec.ts',
  'test/fleet/kiosk-staff.test.ts',
  'electron/core/staff/staff.test.ts',
  'test/e2e/demo.test.ts',
  'test/e2e/kiosk-faults.spec.ts',
  'test/e2e/printing.spec.ts',
  'test/e2e/privacy.spec.ts',
  'test/e2e/technician.spec.ts',
  'test/kiosk-ui/enrolment.spec.ts',
  'test/kiosk-ui/keyboard.spec.ts',
  'test/kiosk-ui/light.spec.ts',
  'test/kiosk-ui/review.spec.ts',
  'test/kiosk-ui/setup.spec.ts',
  'test/kiosk-ui/technician.spec.ts',
  'test/portal/keyboard.spec.ts',
  'test/portal/portal.spec.ts',
];

/**
 * Suites that neither of those runs: whole machines, packages and fleets, dozens of kills, every variant of every screen. `npm
 * run test:release` runs them before a build is published; they are too slow for `.ci/run`. Paths as above. These are excluded
 * from LONG.
 */
export const RELEASE: readonly string[] = [
  'test/kiosk-image/**',
  'test/package/**',
  'test/update/fleet-rollout.test.ts',
  'test/update/install-kill.test.ts',
  'test/update/packaged.test.ts',
  'test/cli/release.test.ts',
  'test/e2e/start-ends.test.ts',
  'test/policy/backup-keys.test.ts',
  'test/policy/erased-everywhere.test.ts',
  'test/policy/key-rotation-kills.test.ts',
  'test/hosts/chromium-keys.spec.ts',
  'test/kiosk-ui/appearance.spec.ts',
  'test/liveness/liveness.spec.ts',
];

/**
 * Quick suites in the folders above that `npm test` does run, so that each row of the policy has a test in it. Paths as above.
 * These are excluded from LONG.
 */
export const SHORT: readonly string[] = [
  'sync/server/platform/objects/store.test.ts',
  'sync/server/platform/objects/sealed/layout.test.ts',
  'sync/server/platform/objects/sealed/stream.test.ts',
  'sync/server/platform/objects/bucket/setup.test.ts',
  'test/policy/audit.test.ts',
  'test/policy/compliance.test.ts',
  'test/policy/iam.test.ts',
  'test/policy/iam-enforced.test.ts',
  'test/policy/judge.test.ts',
  'test/policy/person-keys.test.ts',
  'test/policy/portal-sections.test.ts',
  'test/policy/rows.test.ts',
];

/** The run that a suite belongs to: `npm test`, `npm run test:long` or `npm run test:release`. */
export type Tier = 'short' | 'long' | 'release';

/** @param file path from the project's root */
export function tierOf(file: string): Tier {
  const among = (list: readonly string[]) =>
    list.some((one) => (one.endsWith('/**') ? file.startsWith(one.slice(0, -2)) : file === one));
  if (SHORT.includes(file)) return 'short';
  if (among(RELEASE)) return 'release';
  return among(LONG) ? 'long' : 'short';
}

/** The suites of a run, as paths from the project's root. */
export const suitesOf = (root: string, tier: Tier): string[] =>
  globSync('{electron,models,renderer,sync,build,test}/**/*.{test,spec}.ts', {
    cwd: root,
    exclude: ['**/node_modules/**', '**/dist/**'],
  })
    .filter((file) => tierOf(file) === tier)
    .sort();

/** The commit that is checked out, with `-dirty` if a file differs from it. Reports of another commit prove nothing about it. */
export const checkedOut = (root: string): string =>
  execFileSync('git', ['describe', '--always', '--abbrev=40', '--exclude=*', '--dirty'], {
    cwd: root,
    encoding: 'utf8',
  }).trim();

/** File in the folder of reports that names their commit. */
export const COMMIT_FILE = 'commit';
