import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SiteConfig } from './site/config.ts';

/** Site settings of a kiosk that nobody has configured yet: an evaluation on this machine. */
export function defaultSite(demo: boolean): SiteConfig {
  return SiteConfig.parse({
    site: demo ? 'Demo entrance' : 'Main entrance',
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    languages: ['en', 'de'],
    defaultLanguage: 'en',
    liveness: demo ? 'off' : 'on',
    repeatWindowSeconds: demo ? 10 : 60,
    privacy: {
      controller: 'the operator of this building (not configured)',
      contact: 'privacy contact not configured',
      dpo: 'data protection officer not configured',
    },
  });
}

/** Makes the kiosk's folder (0700) with a `site.json`, unless it has one. Returns whether it was made now. */
export function ensureKioskFolder(home: string, demo: boolean): boolean {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const file = join(home, 'site.json');
  if (existsSync(file)) return false;
  writeFileSync(`${file}.tmp`, `${JSON.stringify(defaultSite(demo), null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
  return true;
}
