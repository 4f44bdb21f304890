import type { DeviceConfig } from '../../../sync/protocol/wire/fleet.ts';
import { keptJson } from '../kept-json.ts';
import type { SiteConfig } from '../site/config.ts';
import { KeptConfig } from '../store/device-state.ts';
import type { Store } from '../store/interface.ts';
import { isStorageProblem } from '../store/reserve.ts';

/** The configuration in force, as JSON: survives a restart, and a newer one that can't take effect. */
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
 * What of a configuration this kiosk can't do; null: nothing. It is taken as a whole or not at all: half of what
 * someone has set is nothing that anybody has set.
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
  /** A disk without room keeps neither a kiosk from starting nor a page from taking effect: it is written later. */
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
    /** Null: none was ever published. */
    get revision(): number | null {
      return inForce?.revision ?? null;
    },
    /** Why the newest one that was published is not in force, as a code and what it is about; null: it is. */
    get problem(): string | null {
      return problem;
    },
    /** Looks at what was published; after each page. @returns whether anything is another now */
    take(): boolean {
      const received = store.deviceState.config;
      const before = JSON.stringify([inForce, problem]);
      problem = received ? configProblemOf(received.config, site) : null;
      // Not "a higher number": a server that was put back to an older copy counts from there.
      if (received && problem === null && JSON.stringify(received) !== JSON.stringify(inForce)) inForce = received;
      keep();
      return JSON.stringify([inForce, problem]) !== before;
    },
  };
  settings.take();
  return settings;
}

/** What screens are shown of it, with what holds where nothing is set. */
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
