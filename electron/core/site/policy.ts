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

/** Replacements for restrictions that can't be read: the strictest values this build supports. */
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
 * Parses the server's policy as last sent; null for none. If a newer build stored it (after a rollback), only the fields that
 * this build can read count: it must not accept faces where they are forbidden, nor a badge without the face that is required.
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

/** Returns why no face may be recognised or enrolled here, whatever the models can do; null if it may. */
export const facesForbidden = (policy: Policy | null): Problem | null =>
  policy?.faces === 'off' ? new Problem('faces-not-allowed') : null;

export const methodsOf = (policy: Policy | null): readonly CheckinMethod[] =>
  policy?.checkinMethods ?? CheckinMethod.options;

/** Returns whether this method is followed by a 1:1 comparison with the person's face. */
export const wantsFace = (policy: Policy | null, method: 'qr' | 'badge'): boolean =>
  policy?.withFace?.includes(method) ?? false;

/** Returns whether templates are stored on people's cards: then none that work without the card may be stored here. */
export const templatesOnCards = (policy: Policy | null): boolean => policy?.templates === 'card';

const Issuers = z.array(Ed25519PublicJwk);

/** Parses the keys that sign people's own codes, as last sent by the server; empty if they can't be read. */
export const readIssuers = (text: string | null): readonly Ed25519PublicJwk[] => keptJson(Issuers, text) ?? [];

/** Returns the age below which a guardian consents, years. */
export const consentAgeOf = (policy: Policy | null): number => policy?.consentAge ?? DEFAULT_CONSENT_AGE;

export const wantsLight = (policy: Policy | null): boolean => policy?.lightChallenge === 'when-it-works';

export const mayWatchScreen = (policy: Policy | null): boolean => policy?.watchScreens === 'on';

export const leaseDaysOf = (policy: Policy | null): number => policy?.leaseDays ?? LEASE_DAYS;

/** A time zone that only a newer runtime supports must not stop check-ins: the kiosk uses its own. */
const daySettings = (policy: Policy | null): Policy['day'] =>
  policy?.day && isTimeZone(policy.day.timeZone) ? policy.day : undefined;

/**
 * Returns the site's settings, overridden by the server's policy. The policy is read at each use, so a change takes effect
 * immediately.
 *
 * @param liveness fixed whatever the server sends: recorded footage can't turn its head
 * @param config what the server set for this device only
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
