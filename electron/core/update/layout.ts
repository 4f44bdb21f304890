import { join } from 'node:path';

/**
 * Where an installed kiosk keeps its builds. Three folders, since two users share them: the one that installs
 * (`smartpresence-update`) writes builds and its own work, and the one that runs the kiosk writes the spool alone. So
 * someone who takes over the running kiosk can't alter what runs after the next start.
 */
export interface UpdateLayout {
  /** A folder a build, `state.json`, and the links `current` and `previous`. The updater's. */
  readonly builds: string;
  /** Downloads, trusted metadata, `status.json`. The updater's; everybody may read the status. */
  readonly work: string;
  /** Requests, verdicts and counts of starts. The kiosk's; the updater reads them. */
  readonly spool: string;
}

/** @param root `/var/lib/smartpresence` on an installed kiosk */
export const updateLayout = (root: string): UpdateLayout => ({
  builds: join(root, 'builds'),
  work: join(root, 'update'),
  spool: join(root, 'spool'),
});

/** What the launcher says of the builds of this kiosk; null where none has started it. */
export function slotsOf({ SMARTPRESENCE_SLOTS: root, SMARTPRESENCE_INSTEAD_OF: insteadOf }: NodeJS.ProcessEnv) {
  return root ? { root, insteadOf: insteadOf || null } : null;
}
