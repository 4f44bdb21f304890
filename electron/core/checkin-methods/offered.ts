import type { CheckinMethod, Policy } from '../../../sync/protocol/wire/changes.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import { methodsOf, wantsFace } from '../site/policy.ts';
import { methodNotOffered } from './service.ts';

export interface Able {
  readonly face: boolean;
  /** The server has sent the keys that people's own codes are signed by. */
  readonly ownCodes: boolean;
}

/**
 * The check-in methods the site offers and the kiosk can do now, in the site's order. One with a face needs a face.
 * Pure.
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

/** Refuses to begin what the site does not offer, even if the screen asks for it. */
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
