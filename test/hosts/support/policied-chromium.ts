import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CHROMIUM } from './chromium-fixture.ts';

const POLICY = resolve(import.meta.dirname, '../../../build/kiosk/chromium-policy.json');
const SYSTEM = '/etc/chromium';

/** The kiosk's policy as build/kiosk/install.sh installs it for a page at `origin`. */
export function kioskPolicy(origin: string, runtime: string): Record<string, unknown> {
  const text = readFileSync(POLICY, 'utf8')
    .replaceAll('@ORIGIN@', origin)
    .replaceAll('@AUTHORITY@', new URL(origin).host)
    .replaceAll('@RUNTIME@', runtime);
  return JSON.parse(text) as Record<string, unknown>;
}

/**
 * Makes a Chromium that uses this policy as the machine's: a program that sees /etc/chromium with the policy in it, in a separate
 * mount namespace, so that no other Chromium of this machine does.
 * @param folder for the program and what it mounts
 * @returns the program's path
 */
export function policiedChromium(folder: string, policy: Record<string, unknown>): string {
  const etc = join(folder, 'etc-chromium');
  if (existsSync(SYSTEM)) cpSync(SYSTEM, etc, { recursive: true });
  mkdirSync(join(etc, 'policies/managed'), { recursive: true });
  writeFileSync(join(etc, 'policies/managed/smartpresence.json'), JSON.stringify(policy));
  const program = join(folder, 'chromium');
  writeFileSync(
    program,
    `#!/bin/sh\nexec unshare --mount sh -c 'mount --bind "${etc}" ${SYSTEM} && exec ${CHROMIUM} "$@"' sh "$@"\n`,
    { mode: 0o755 },
  );
  return program;
}

/** Why such a Chromium isn't possible here; null if it is. */
export const noPolicyHere = (): string | null =>
  process.getuid?.() === 0 ? null : 'SKIPPED: only root can show a Chromium another machine’s policy';

/**
 * The policy for a browser that a test controls. DeveloperToolsAvailability 2 and a missing RemoteDebuggingAllowed prevent
 * exactly that, so they are removed. Everything else is kept.
 */
export function steerable(policy: Record<string, unknown>): Record<string, unknown> {
  const { DeveloperToolsAvailability, RemoteDebuggingAllowed, ...others } = policy;
  return others;
}
