import { createHmac } from 'node:crypto';
import { Problem } from '../../../sync/errors/problem.ts';
import { cardHash } from '../../../sync/protocol/seal/card-code.ts';
import { openCardTemplates, readTemplateCard } from '../../../sync/protocol/seal/card-template.ts';
import { OWN_CODE_MS, OWN_CODE_SKEW_MS, readOwnCode } from '../../../sync/protocol/seal/own-code.ts';
import type { Ed25519PublicJwk } from '../../../sync/protocol/wire/batch.ts';
import type { CheckinMethod } from '../../../sync/protocol/wire/changes.ts';
import type { CoreMethods, CredentialResult } from '../../contract/methods.ts';
import type { Admit } from '../checkin/admit.ts';
import type { PinGuard } from '../pin/guard.ts';
import { BADGE_BUDGET } from '../pin/lockout.ts';
import type { StaffService } from '../staff/service.ts';
import type { Person, Store } from '../store/interface.ts';
import type { Claims } from './claims.ts';

export interface CredentialCheckinDeps {
  readonly store: Pick<Store, 'people' | 'templates'>;
  readonly guard: PinGuard;
  readonly staff: Pick<StaffService, 'require'>;
  readonly claims: Claims;
  readonly admit: Admit;
  readonly offered: () => readonly CheckinMethod[];
  /** Whether the site also requires the face with this method. */
  readonly withFace: (method: 'qr' | 'badge') => boolean;
  /** The embedder in use, and the length of its embeddings: templates of another are not compared. */
  readonly model: () => { readonly model: string; readonly length: number };
  /** Why no face can be compared now; null if one can. */
  readonly faceOff: () => Problem | null;
  readonly issuers: () => readonly Ed25519PublicJwk[];
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  /** 32 bytes that only this kiosk has: unknown badges are remembered as keyed hashes. */
  readonly blind: Uint8Array;
}

export type CredentialCheckin = ReturnType<typeof createCredentialCheckin>;

/** How many unknown badges are remembered, so that one card held at the reader counts once. */
const REMEMBERED = 64;

/** Check-in methods that need neither face nor PIN: the code of the person's own page, cards, badges, and staff. */
export function createCredentialCheckin(deps: CredentialCheckinDeps) {
  const { store } = deps;
  let unknownBadges: string[] = [];

  /** Handles text from a scanner or reader. @throws Problem as described at `codeRead` in the contract */
  async function read(text: string): Promise<CredentialResult> {
    const code = text.trim();
    if (/^SPT1:/i.test(code)) return templateCard(code);
    if (/^SP[A-Z]?[0-9]:/i.test(code)) return /^SP1:/i.test(code) ? ownCode(code) : card(code);
    return badge(code);
  }

  /** The code of the person's own page: signed, short-lived, and accepted once here. */
  async function ownCode(text: string): Promise<CredentialResult> {
    requireOffered('qr');
    const code = readOwnCode(text, deps.issuers());
    if (!code) throw codeUnknown();
    const now = deps.now();
    const until = code.issuedAt + OWN_CODE_MS + OWN_CODE_SKEW_MS;
    if (code.issuedAt - OWN_CODE_SKEW_MS > now) throw new Problem('code-early');
    if (until < now) throw new Problem('code-expired');
    const person = store.people.get(code.person);
    if (!person) throw codeUnknown();
    requireFace('qr', person);
    // Marked as used before anything else: a power cut in between costs another code, and never admits anyone twice.
    const use = store.people.useCode({ ...code, until }, now);
    if (use === 'forgotten') throw new Problem('code-expired');
    if (use === 'used') throw new Problem('code-used');
    return welcomeOrFace(person, 'qr');
  }

  async function card(text: string): Promise<CredentialResult> {
    requireOffered('badge');
    const hash = cardHash(text);
    return bearer(hash === null ? null : { kind: 'card', value: hash }, text, codeUnknown);
  }

  /** A card with templates: decrypts that person's stored templates for the comparison that follows. */
  async function templateCard(text: string): Promise<CredentialResult> {
    requireOffered('badge');
    const key = readTemplateCard(text);
    const off = deps.faceOff();
    try {
      const person = key && store.people.get(key.person);
      const held = person && store.templates.onCard(person.id);
      // Not the newest card, or not this person's: treat it as unknown.
      if (!key || !person || held?.id !== key.card) throw codeUnknown();
      const { model, length } = deps.model();
      if (off || held.model !== model) throw new Problem('face-needed');
      const templates = openCardTemplates(key, model, held.sealed, length);
      if (!templates) throw codeUnknown();
      return { kind: 'face', claim: deps.claims.issue({ person: person.id, method: 'badge+face', templates }) };
    } finally {
      key?.key.fill(0);
    }
  }

  async function badge(text: string): Promise<CredentialResult> {
    requireOffered('badge');
    return bearer({ kind: 'badge', value: text }, text, () => new Problem('badge-unknown'));
  }

  /**
   * Finds the owner. Unknown badges share one failure count, so that trying many numbers means waiting. The same unknown badge
   * again is not counted again.
   */
  async function bearer(
    credential: Parameters<Store['people']['byCredential']>[0] | null,
    text: string,
    unknown: () => Problem,
  ): Promise<CredentialResult> {
    const person = credential && store.people.byCredential(credential);
    const stranger = createHmac('sha256', deps.blind).update(text.toUpperCase()).digest('base64url');
    if (!person && unknownBadges.includes(stranger)) throw unknown();
    const found = await deps.guard
      .attempt({
        subject: null,
        shared: BADGE_BUDGET,
        // 128 random bits can't be guessed: a card is accepted even while guesses at badge numbers are paused.
        throughPause: credential?.kind === 'card' && person !== null,
        check: async () => person,
        wrong() {
          unknownBadges = [stranger, ...unknownBadges].slice(0, REMEMBERED);
          return unknown();
        },
      })
      .catch((error: unknown) => {
        throw error instanceof Problem && error.code === 'pin-locked' ? locked(error) : error;
      });
    requireFace('badge', found);
    return welcomeOrFace(found, 'badge');
  }

  function requireOffered(method: CheckinMethod): void {
    if (!deps.offered().includes(method)) throw methodNotOffered();
  }

  /** @throws Problem `face-needed` if a face has to be compared and that is not possible */
  function requireFace(method: 'qr' | 'badge', person: Person): void {
    if (deps.withFace(method) && (deps.faceOff() || person.templates === 0)) throw new Problem('face-needed');
  }

  async function welcomeOrFace(person: Person, method: 'qr' | 'badge'): Promise<CredentialResult> {
    if (deps.withFace(method))
      return { kind: 'face', claim: deps.claims.issue({ person: person.id, method: `${method}+face` }) };
    return { kind: 'welcome', receipt: await deps.admit(person, { method: method }) };
  }

  const methods: Pick<CoreMethods, 'codeRead' | 'badgeRead' | 'staffCheckin'> = {
    codeRead: ({ code }) => read(code),
    badgeRead: ({ badge: number }) => read(number),
    async staffCheckin({ token, person: id, direction, reason }) {
      deps.staff.require(token);
      return { receipt: await deps.admit(store.people.require(id), { method: 'manual', direction, reason }) };
    },
  };
  return { read, methods };
}

/** The error for methods that the site does not offer. */
export const methodNotOffered = (): Problem => new Problem('method-not-offered');

const codeUnknown = () => new Problem('code-unknown');
const locked = (cause: Problem) => new Problem('locked', { seconds: cause.params.seconds ?? '', cause });
