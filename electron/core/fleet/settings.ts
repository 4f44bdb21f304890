import type { DeviceConfig } from '../../../sync/protocol/wire/fleet.ts';
import { keptJson } from '../kept-json.ts';
import type { SiteConfig } from '../site/config.ts';
import { KeptConfig } from '../store/device-state.ts';
import type { Store } from '../store/interface.ts';
import { isStorageProblem } from '../store/reserve.ts';

/** Key of the configuration in force, as JSON. It survives a restart, and a newer one that can't take effect. */
const IN_FORCE = 'config-in-force';

export type DeviceSettings = ReturnType<typeof createSettings>;

export interface SettingsDeps {
  readonly store: {
    readonly settings: Pick<Store['settings'], 'get' | 'set'>;
    readonly deviceState: Pick<Store['deviceState'], 'config'>;
  };
  readonly site: Pick<SiteConfig, 'languages'>;
}

/**
 * Returns what in a configuration this kiosk can't do, or null. A configuration is applied completely or not at all: half of one
 * is a configuration that nobody has set.
 */
export function configProblemOf({ language }: DeviceConfig, site: Pick<SiteConfig, 'languages'>): string | null {
  if (language !== undefined && !(site.languages as readonly string[]).includes(language))
    return `language-unknown: ${language} is none of ${site.languages.join(', ')}`;
  return null;
}

export function createSettings({ store, site }: SettingsDeps) {
  let inForce = keptJson(KeptConfig, store.settings.get(IN_FORCE));
  let written = inForce;
  let problem: string | null = null;
  /** A full disk must not keep a kiosk from starting or a page from taking effect: it is written later. */
  function keep(): void {
    if (inForce === written) return;
    try {
      store.settings.set(IN_FORCE, JSON.stringify(inForce));
      written = inForce;
    } catch (error) {
      if (!isStorageProblem(error)) throw error;
    }
  }
  const settings = {
    get config(): DeviceConfig {
      return inForce?.config ?? {};
    },
    /** Null if none was ever published. */
    get revision(): number | null {
      return inForce?.revision ?? null;
    },
    /** Why the newest published configuration is not in force: a code and its subject. Null if it is in force. */
    get problem(): string | null {
      return problem;
    },
    /** Applies what was published; called after each page. @returns whether anything changed */
    take(): boolean {
      const received = store.deviceState.config;
      const before = JSON.stringify([inForce, problem]);
      problem = received ? configProblemOf(received.config, site) : null;
      // Not "a higher number": a server restored from an older copy continues from its number.
      if (received && problem === null && JSON.stringify(received) !== JSON.stringify(inForce)) inForce = received;
      keep();
      return JSON.stringify([inForce, problem]) !== before;
    },
  };
  settings.take();
  return settings;
}

/** Returns the settings as shown to screens, with defaults for what is not set. */
export function shownSettings(config: DeviceConfig, site: Pick<SiteConfig, 'site' | 'timeZone' | 'defaultLanguage'>) {
  return {
    site: config.name ?? site.site,
    timeZone: site.timeZone,
    language: config.language ?? site.defaultLanguage,
    theme: config.theme ?? ('auto' as const),
    volume: config.volume ?? 100,
    low: config.low ?? false,
  };
}
