import { join } from 'node:path';

/**
 * Where an installed kiosk keeps its builds. Three folders, because two users share them: the one that installs
 * (`smartpresence-update`) writes builds and its own work, and the one that runs the kiosk writes only the spool. So an attacker
 * who takes over the running kiosk can't alter what runs after the next start.
 */
export interface UpdateLayout {
  /** One folder per build, `state.json`, and the links `current` and `previous`. Written by the updater. */
  readonly builds: string;
  /** Downloads, trusted metadata, `status.json`. Written by the updater; everyone may read the status. */
  readonly work: string;
  /** Requests, verdicts and counts of starts. Written by the kiosk; the updater reads them. */
  readonly spool: string;
}

/** @param root `/var/lib/smartpresence` on an installed kiosk */
export const updateLayout = (root: string): UpdateLayout => ({
  builds: join(root, 'builds'),
  work: join(root, 'update'),
  spool: join(root, 'spool'),
});

/** Returns the launcher's information about the builds of this kiosk; null if no launcher has started it. */
export function slotsOf({ SMARTPRESENCE_SLOTS: root, SMARTPRESENCE_INSTEAD_OF: insteadOf }: NodeJS.ProcessEnv) {
  return root ? { root, insteadOf: insteadOf || null } : null;
}
