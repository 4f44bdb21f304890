import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../../sync/disk/replace.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { LANGUAGES } from '../../../sync/protocol/api/languages.ts';
import { isTimeZone } from '../../../sync/protocol/wire/calendar.ts';
import { LivenessPolicy, TimeOfDay } from '../../../sync/protocol/wire/changes.ts';
import { Devices } from '../devices/config.ts';

/**
 * How one entrance behaves. Contains no secrets. Stored as `site.json` in the kiosk's folder, written when the kiosk is
 * provisioned. All wrong values are reported together.
 */
export const SiteConfig = z.strictObject({
  /** The people and the footage are the demo's. Such a folder never becomes a real kiosk's. */
  demo: z.boolean().default(false),
  site: z.string().min(1).max(100),
  timeZone: z.string().refine(isTimeZone, { message: 'must be an IANA time zone, e.g. Europe/Berlin' }),
  /** Local time at which one day ends and the next begins, for "the last check-in of the day"; midnight if absent. */
  dayStartsAt: TimeOfDay.optional(),
  languages: z.array(z.enum(LANGUAGES)).min(1),
  defaultLanguage: z.enum(LANGUAGES),
  /** `off` is a site's documented choice: shown on the screen and written to each record. */
  liveness: LivenessPolicy,
  /** The direction a check-in claims: always in, always out, or the opposite of the person's last one today. */
  direction: z.enum(['auto', 'in', 'out']).default('auto'),
  /** Check-ins of the same person within this time count as one, until a server has sent its site's settings. */
  repeatWindowSeconds: z.number().int().min(0).max(3600).default(60),
  undoSeconds: z.number().int().min(3).max(60).default(8),
  /** Keep an encrypted verification photo with each face check-in. */
  photos: z.boolean().default(true),
  photoDays: z.number().int().min(1).max(90).default(90),
  gpsDays: z.number().int().min(1).max(30).default(30),
  /** Accepted probability that a stranger is taken for someone, per sample searched (FPIR). */
  targetFpir: z.number().gt(0).max(0.05).default(0.001),
  /** With more people than this, the kiosk asks for a number or badge first. */
  calibratedPeople: z.number().int().min(1).max(100_000).default(1000),
  privacy: z.strictObject({
    controller: z.string().min(1).max(200),
    contact: z.string().min(1).max(200),
    dpo: z.string().min(1).max(200),
  }),
  /** How many hours after checking in, without checking out, a person counts as inside on the evacuation list; 24 if absent. */
  evacuationHours: z.number().int().min(4).max(36).optional(),
  /**
   * The camera is intentionally a virtual device: the demo's footage, or a driver that passes a real camera on. Suspicious frames
   * are then not reported.
   */
  virtualCamera: z.boolean().default(false),
  /** Badge readers, GPS, door relay on serial ports: docs/install/devices.md. Absent: none, and no driver is loaded. */
  devices: Devices.optional(),
});
export type SiteConfig = z.infer<typeof SiteConfig>;

/** What a new kiosk shows until its operator is configured. */
export const PRIVACY_NOT_SET: SiteConfig['privacy'] = {
  controller: 'the operator of this building (not configured)',
  contact: 'privacy contact not configured',
  dpo: 'data protection officer not configured',
};

export const privacyIsSet = ({ privacy }: Pick<SiteConfig, 'privacy'>): boolean =>
  (['controller', 'contact', 'dpo'] as const).every((field) => privacy[field] !== PRIVACY_NOT_SET[field]);

/** Returns how many days the photo of a check-in is kept, as shown to people: 0 if none is taken. */
export const photoDaysShown = (site: Pick<SiteConfig, 'photos' | 'photoDays'>): number =>
  site.photos ? site.photoDays : 0;

/** Writes `site.json`, atomically and durably: a kiosk does not start with half of it. */
export function writeSiteConfig(home: string, site: SiteConfig): void {
  replaceFile(join(home, 'site.json'), `${JSON.stringify(site, null, 2)}\n`);
}

/** Reads `site.json` in a kiosk's folder. @throws Problem `site-config-missing`, `site-config-wrong` with every wrong value. */
export function readSiteConfig(home: string): SiteConfig {
  const file = join(home, 'site.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Problem('site-config-missing', { file, cause });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Problem('site-config-wrong', { file, reason: 'it is not valid JSON', cause });
  }
  const parsed = SiteConfig.safeParse(json);
  if (!parsed.success) {
    throw new Problem('site-config-wrong', { file, reason: z.prettifyError(parsed.error) });
  }
  return parsed.data;
}
