import { z } from 'zod';
import { LEASE_DAYS } from '../../../sync/edge/lease/lease.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { DEFAULT_CONSENT_AGE } from '../../../sync/protocol/wire/age.ts';
import { Ed25519PublicJwk } from '../../../sync/protocol/wire/batch.ts';
import { isTimeZone } from '../../../sync/protocol/wire/calendar.ts';
import { CheckinMethod, Policy } from '../../../sync/protocol/wire/changes.ts';
import type { DeviceConfig } from '../../../sync/protocol/wire/fleet.ts';
import { keptJson } from '../kept-json.ts';
import type { SiteConfig } from './config.ts';

/** What takes the place of a restriction that can't be read: the strictest of what this build knows. */
const STRICTEST: { readonly [Name in keyof Policy]?: (kept: unknown) => Policy[Name] } = {
  leaseDays: () => LEASE_DAYS,
  faces: () => 'off',
  liveness: () => 'strong',
  withFace: () => ['qr', 'badge'],
  templates: () => 'card',
  checkinMethods(kept) {
    const known = CheckinMethod.options.filter((method) => Array.isArray(kept) && kept.includes(method));
    return known.length > 0 ? known : ['pin'];
  },
};

/**
 * The server's policy as it was last sent; null for none. Of one that a newer build has kept, as after a rollback, the fields that
 * this build can read count: it must not take faces where they are forbidden, nor let a badge in without the face that is asked for.
 */
export function readPolicy(text: string | null): Policy | null {
  if (!text) return null;
  const whole = keptJson(Policy, text);
  if (whole) return whole;
  const kept = keptJson(z.record(z.string(), z.unknown()), text) ?? { faces: null };
  const read = Object.entries(Policy.shape).flatMap(([name, schema]) => {
    if (!Object.hasOwn(kept, name)) return [];
    const field = schema.safeParse(kept[name]);
    const value = field.success ? field.data : STRICTEST[name as keyof Policy]?.(kept[name]);
    return value === undefined ? [] : [[name, value]];
  });
  return { leaseDays: LEASE_DAYS, ...Object.fromEntries(read) };
}

/** Why no face may be recognised or enrolled here, whatever the models can do; null where it may. */
export const facesForbidden = (policy: Policy | null): Problem | null =>
  policy?.faces === 'off' ? new Problem('faces-not-allowed') : null;

export const methodsOf = (policy: Policy | null): readonly CheckinMethod[] =>
  policy?.checkinMethods ?? CheckinMethod.options;

/** Whether this way is followed by a comparison with the one person's face. */
export const wantsFace = (policy: Policy | null, method: 'qr' | 'badge'): boolean =>
  policy?.withFace?.includes(method) ?? false;

/** Whether templates are on people's cards: no usable ones may be stored here. */
export const templatesOnCards = (policy: Policy | null): boolean => policy?.templates === 'card';

const Issuers = z.array(Ed25519PublicJwk);

/** Keys that a person's own code may be signed by, as the server last sent them; none where that can't be read. */
export const readIssuers = (text: string | null): readonly Ed25519PublicJwk[] => keptJson(Issuers, text) ?? [];

/** Below it a guardian agrees, years. */
export const consentAgeOf = (policy: Policy | null): number => policy?.consentAge ?? DEFAULT_CONSENT_AGE;

export const wantsLight = (policy: Policy | null): boolean => policy?.lightChallenge === 'when-it-works';

export const mayWatchScreen = (policy: Policy | null): boolean => policy?.watchScreens === 'on';

export const leaseDaysOf = (policy: Policy | null): number => policy?.leaseDays ?? LEASE_DAYS;

/** A zone that only a newer runtime knows must not stop check-ins: the kiosk uses its own. */
const daySettings = (policy: Policy | null): Policy['day'] =>
  policy?.day && isTimeZone(policy.day.timeZone) ? policy.day : undefined;

/**
 * The site's settings with the server's policy over them. Its fields are read at each use, so that a change of policy
 * takes effect at once.
 *
 * @param liveness what is fixed whatever the server says: recorded footage can't turn its head
 * @param config what the server set for this one device
 */
export function governed(
  site: SiteConfig,
  policy: () => Policy | null,
  liveness?: 'off',
  config: () => Pick<DeviceConfig, 'direction'> = () => ({}),
): SiteConfig {
  return {
    ...site,
    get direction() {
      return config().direction ?? site.direction;
    },
    get timeZone() {
      return daySettings(policy())?.timeZone ?? site.timeZone;
    },
    get dayStartsAt() {
      return daySettings(policy())?.startsAt ?? site.dayStartsAt;
    },
    get photoDays() {
      return policy()?.photoDays ?? site.photoDays;
    },
    get gpsDays() {
      return policy()?.gpsDays ?? site.gpsDays;
    },
    // A photo of a face is a template for anyone who has an embedder.
    get photos() {
      return !templatesOnCards(policy()) && site.photos;
    },
    get liveness() {
      return liveness ?? policy()?.liveness ?? site.liveness;
    },
    get repeatWindowSeconds() {
      return policy()?.repeatWindowSeconds ?? site.repeatWindowSeconds;
    },
    get privacy() {
      return policy()?.privacy ?? site.privacy;
    },
  };
}
