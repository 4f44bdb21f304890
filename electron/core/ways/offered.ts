import type { Policy, Way } from '../../../sync/protocol/wire/changes.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import { wantsFace, waysOf } from '../roster/policy.ts';
import { wayNotOffered } from './service.ts';

/** What this kiosk can do at the moment. */
export interface Able {
  /** Faces are recognised. */
  readonly face: boolean;
  /** The server has told by which keys people's own codes are signed. */
  readonly ownCodes: boolean;
}

/** The ways in that the site offers and the kiosk can do now, in the site's order. A way with a face needs one. Pure. */
export function offeredWays(policy: Policy | null, { face, ownCodes }: Able): Way[] {
  const can: Record<Way, boolean> = {
    face,
    pin: true,
    qr: ownCodes && (face || !wantsFace(policy, 'qr')),
    badge: face || !wantsFace(policy, 'badge'),
  };
  return waysOf(policy).filter((way) => can[way]);
}

/** Refuses to begin what the site does not offer, whatever the screen asks for. */
export function onlyOffered<M extends Pick<CoreMethods, 'visitBegin' | 'checkinByPin' | 'pinChoose'>>(
  methods: M,
  offered: () => readonly Way[],
): M {
  return {
    ...methods,
    async visitBegin(input) {
      if (input.claim === undefined && !offered().includes('face')) throw wayNotOffered();
      return methods.visitBegin(input);
    },
    async checkinByPin(input) {
      if (!offered().includes('pin')) throw wayNotOffered();
      return methods.checkinByPin(input);
    },
    async pinChoose(input) {
      if (!offered().includes('pin')) throw wayNotOffered();
      return methods.pinChoose(input);
    },
  };
}
