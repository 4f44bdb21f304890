import type { CheckinMethod, Policy } from '../../../sync/protocol/wire/changes.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import { methodsOf, wantsFace } from '../site/policy.ts';
import { methodNotOffered } from './service.ts';

export interface Able {
  readonly face: boolean;
  /** True if the server has sent the keys that sign people's own codes. */
  readonly ownCodes: boolean;
}

/**
 * Returns the check-in methods that the site offers and the kiosk currently supports, in the site's order. Methods that include a
 * face need face recognition. Pure.
 */
export function offeredMethods(policy: Policy | null, { face, ownCodes }: Able): CheckinMethod[] {
  const can: Record<CheckinMethod, boolean> = {
    face,
    pin: true,
    qr: ownCodes && (face || !wantsFace(policy, 'qr')),
    badge: face || !wantsFace(policy, 'badge'),
  };
  return methodsOf(policy).filter((method) => can[method]);
}

/** Refuses methods that the site does not offer, even if the screen calls them. */
export function onlyOffered<M extends Pick<CoreMethods, 'visitBegin' | 'checkinByPin' | 'pinChoose'>>(
  methods: M,
  offered: () => readonly CheckinMethod[],
): M {
  return {
    ...methods,
    async visitBegin(input) {
      if (input.claim === undefined && !offered().includes('face')) throw methodNotOffered();
      return methods.visitBegin(input);
    },
    async checkinByPin(input) {
      if (!offered().includes('pin')) throw methodNotOffered();
      return methods.checkinByPin(input);
    },
    async pinChoose(input) {
      if (!offered().includes('pin')) throw methodNotOffered();
      return methods.pinChoose(input);
    },
  };
}
