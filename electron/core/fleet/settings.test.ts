import { describe, expect, test } from 'vitest';
import { Problem } from '../../../sync/errors/problem.ts';
import type { KeptConfig } from '../store/device-state.ts';
import { createSettings, shownSettings } from './settings.ts';

function storeWith(config: KeptConfig | null) {
  const settings = new Map<string, string>();
  return {
    deviceState: { config },
    settings: {
      get: (key: string) => settings.get(key) ?? null,
      set: (key: string, value: string) => void settings.set(key, value),
    },
  };
}
const site = { languages: ['en', 'de'] as ('en' | 'de')[] };

describe('what the server has set for this device', () => {
  test('is in force when published, and after a restart; without the server nothing is', () => {
    const store = storeWith(null);
    const settings = createSettings({ store, site });
    expect(settings).toMatchObject({ config: {}, revision: null, problem: null });
    store.deviceState.config = { revision: 3, config: { volume: 20, language: 'de' } };
    expect(settings.take()).toBe(true);
    expect(settings.take()).toBe(false);
    expect(settings).toMatchObject({ config: { volume: 20, language: 'de' }, revision: 3, problem: null });
    expect(createSettings({ store, site })).toMatchObject({ revision: 3 });
  });

  test('is in force even if the disk has no space for it, and is written when it has', () => {
    const store = storeWith({ revision: 1, config: { volume: 20 } });
    const settings = createSettings({ store, site });
    const { set } = store.settings;
    store.settings.set = () => {
      throw new Problem('storage-full');
    };
    store.deviceState.config = { revision: 2, config: { volume: 90 } };
    expect(settings.take()).toBe(true);
    expect(settings).toMatchObject({ revision: 2, config: { volume: 90 } });
    // A kiosk that starts meanwhile does start.
    expect(createSettings({ store, site })).toMatchObject({ revision: 2 });
    store.settings.set = set;
    expect(settings.take()).toBe(false);
    store.deviceState.config = null;
    expect(createSettings({ store, site })).toMatchObject({ revision: 2 });
  });

  test('is never partly in force: what can’t be done is reported, and the previous settings remain', () => {
    const store = storeWith({ revision: 1, config: { volume: 20 } });
    const settings = createSettings({ store, site });
    store.deviceState.config = { revision: 2, config: { volume: 90, language: 'fr' } };
    expect(settings.take()).toBe(true);
    expect(settings).toMatchObject({ config: { volume: 20 }, revision: 1 });
    expect(settings.problem).toMatch(/^language-unknown: fr/);
    // After a restart too.
    expect(createSettings({ store, site })).toMatchObject({ revision: 1, config: { volume: 20 } });
    store.deviceState.config = { revision: 3, config: { volume: 90 } };
    settings.take();
    expect(settings).toMatchObject({ revision: 3, config: { volume: 90 }, problem: null });
  });

  test('by a server restored from an older copy counts, although its number is lower', () => {
    const store = storeWith({ revision: 9, config: { volume: 20 } });
    const settings = createSettings({ store, site });
    store.deviceState.config = { revision: 4, config: {} };
    settings.take();
    expect(settings).toMatchObject({ revision: 4, config: {} });
  });

  test('falls back to the kiosk’s own site settings', () => {
    const own = { site: 'Tor', timeZone: 'Asia/Kolkata', defaultLanguage: 'de' as const };
    const shown = { site: 'Tor', timeZone: 'Asia/Kolkata', language: 'de', theme: 'auto', volume: 100, low: false };
    expect(shownSettings({}, own)).toEqual(shown);
    expect(shownSettings({ name: 'Tor 2', volume: 0 }, own)).toMatchObject({ site: 'Tor 2', volume: 0 });
  });
});
