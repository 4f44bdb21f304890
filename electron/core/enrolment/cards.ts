import { randomBytes } from 'node:crypto';
import { v7 } from 'uuid';
import { Problem } from '../../../sync/errors/problem.ts';
import { CARD_BYTES, cardHash, writeCardCode } from '../../../sync/protocol/seal/card-code.ts';
import { type CheckinMethod, MAX_CREDENTIALS } from '../../../sync/protocol/wire/changes.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import { methodNotOffered } from '../checkin-methods/service.ts';
import type { StaffService } from '../staff/service.ts';
import type { Store } from '../store/interface.ts';
import { personRow } from './person-row.ts';

export interface CardDeps {
  readonly store: Pick<Store, 'people'>;
  readonly staff: Pick<StaffService, 'require'>;
  readonly offered: () => readonly CheckinMethod[];
  /** Whether the face is compared after a card, and whether the templates for that are stored only on cards. */
  readonly withFace: () => boolean;
  readonly onCards: () => boolean;
  readonly changed: () => void;
}

/**
 * Cards that staff prints at the kiosk. A card's code is returned once, for printing. Its hash is stored here and sent to the
 * server, which notifies the other kiosks. The card works here from the moment it is made, with or without a network.
 */
export function createCardService({
  store,
  staff,
  offered,
  withFace,
  onCards,
  changed,
}: CardDeps): Pick<CoreMethods, 'cardIssue' | 'cardRevoke'> {
  return {
    async cardIssue({ token, person: id, replace }) {
      staff.require(token);
      const person = store.people.require(id);
      if (!offered().includes('badge')) throw methodNotOffered();
      if (withFace() && onCards()) throw new Problem('templates-on-card');
      // One slot is reserved for the badge of the server's own record, as on the server.
      if (!replace && person.cards >= MAX_CREDENTIALS - 1)
        throw new Problem('too-many-credentials', { count: person.cards });
      const secret = randomBytes(CARD_BYTES);
      const text = writeCardCode(secret);
      secret.fill(0);
      const card = v7();
      store.people.issueCard(id, { id: card, hash: cardHash(text)! }, replace);
      changed();
      const { name, number } = person;
      return { card: { id: card, name, number, text }, person: personRow(store.people.require(id)) };
    },

    async cardRevoke({ token, person: id }) {
      staff.require(token);
      const revoked = store.people.issueCard(store.people.require(id).id, null, true);
      changed();
      return { revoked };
    },
  };
}
