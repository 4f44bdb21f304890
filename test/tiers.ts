/**
 * The suites that `npm test` leaves to `npm run test:long`, so that it ends within ten minutes on two cores: the policy on
 * both databases, attacks, restores, and whole programs started again and again. By path from the project's root; a folder
 * ends in `/**`.
 */
export const LONG: readonly string[] = [
  'test/policy/**',
  'test/backup/**',
  'test/security/**',
  'test/cli/accounts.test.ts',
  'test/cli/audit.test.ts',
  'test/cli/device.test.ts',
  'test/cli/keys.test.ts',
  'test/cli/quarantine.test.ts',
  'test/e2e/start-ends.test.ts',
  'test/hosts/electronegativity.test.ts',
  'test/liveness/footage.test.ts',
  'test/kiosk-ui/looks.spec.ts',
  'test/console/people.spec.ts',
];
