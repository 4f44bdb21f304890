import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LANGUAGES } from '../../sync/protocol/api/languages.ts';
import { isLeaving } from './leaving/journal.ts';
import { makeOwnFolder } from './own-folder.ts';
import { PRIVACY_NOT_SET, readSiteConfig, SiteConfig, writeSiteConfig } from './site/config.ts';

/** Site settings of a kiosk that nobody has configured yet: an evaluation on this machine. */
export function defaultSite(demo: boolean): SiteConfig {
  return SiteConfig.parse({
    demo,
    site: demo ? 'Demo entrance' : 'Main entrance',
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    languages: LANGUAGES,
    defaultLanguage: 'en',
    liveness: demo ? 'off' : 'standard',
    virtualCamera: demo,
    repeatWindowSeconds: demo ? 10 : 60,
    privacy: PRIVACY_NOT_SET,
  });
}

/**
 * Creates the kiosk's folder (0700) with a `site.json`, unless it has one. Returns whether it was created now.
 * @throws Problem `home-not-usable`, `storage-full`
 */
export function ensureKioskFolder(home: string, demo: boolean): boolean {
  makeOwnFolder(home);
  // A kiosk that is being destroyed gets no new files.
  if (isLeaving(home) || existsSync(join(home, 'site.json'))) return false;
  writeSiteConfig(home, defaultSite(demo));
  return true;
}

/** Stores the entrance's name and time zone from the server. Screens show them after a restart. */
export function applySite(home: string, { name, timeZone }: { name: string; timeZone: string }): void {
  const before = readSiteConfig(home);
  if (before.site !== name || before.timeZone !== timeZone) writeSiteConfig(home, { ...before, site: name, timeZone });
}
