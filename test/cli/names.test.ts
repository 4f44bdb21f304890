import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { parseArguments } from '../../electron/core/command.ts';
import { DEVICE_COMMANDS } from '../../electron/core/commands/device.ts';
import { DevicePatch, NewProvisioningCode, ProvisioningFile } from '../../sync/protocol/api/devices.ts';
import { NewSettings } from '../../sync/protocol/api/fleet.ts';
import { RingPatch } from '../../sync/protocol/api/rollouts.ts';
import { NewSite, Site, SitePatch } from '../../sync/protocol/api/sites.ts';
import { NewWebhook, Webhook, WebhookPatch } from '../../sync/protocol/api/webhooks.ts';
import { isUnreadableName } from '../../sync/protocol/wire/name.ts';

/** Names of places, things and people must have a visible character and fit on one line. */
const UNREADABLE = ['\u200b', 'North\nentrance', '\u202e\u2069', 'Gate\u0007'];
const READABLE = ['North entrance', 'بوابة ٢', '入口 👩\u200d🔬'];

const TAKEN: readonly (readonly [what: string, schema: z.ZodType, give: (name: string) => unknown])[] = [
  ['a new site', NewSite, (name) => ({ name, timeZone: 'Europe/Berlin' })],
  ['a site', SitePatch, (name) => ({ name })],
  ['a kiosk', DevicePatch, (name) => ({ name })],
  ['a kiosk’s code', NewProvisioningCode, (name) => ({ name })],
  ['a kiosk’s file', ProvisioningFile, (name) => ({ name, request: '-', fingerprint: '1' })],
  ['a kiosk’s settings', NewSettings, (name) => ({ settings: { name }, after: 0 })],
  ['a new receiver', NewWebhook, (name) => ({ name, url: 'https://example.org' })],
  ['a receiver', WebhookPatch, (name) => ({ name })],
  ['a ring', RingPatch, (name) => ({ name })],
];

describe('an unreadable name', () => {
  test.each(TAKEN)('is refused with its own code for %s', (_what, schema, give) => {
    for (const name of UNREADABLE) {
      const { error } = schema.safeParse(give(name));
      expect([name, error?.issues.every(isUnreadableName)]).toEqual([name, true]);
    }
    for (const name of READABLE) expect(schema.safeParse(give(name)).error).toBeUndefined();
  });

  test('is refused as the name of a kiosk', () => {
    const request = DEVICE_COMMANDS.find(({ name }) => name === 'device request')!;
    for (const name of UNREADABLE)
      expect(() => parseArguments(request, { name })).toThrow(expect.objectContaining({ code: 'name-unreadable' }));
    expect(parseArguments(request, { name: 'Gate 2' })).toMatchObject({ name: 'Gate 2' });
  });

  test('that already exists is read and shown', () => {
    const site = { id: crypto.randomUUID(), name: '\u200b', timeZone: 'UTC', dayStartsAt: '00:00', repeatSeconds: 0 };
    expect(Site.parse({ ...site, isDefault: false, change: null }).name).toBe('\u200b');
    expect(Webhook.shape.name.parse('\u200b')).toBe('\u200b');
  });
});
