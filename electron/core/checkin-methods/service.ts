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
  /** Whether the site also wants the face with this method. */
  readonly withFace: (method: 'qr' | 'badge') => boolean;
  /** The embedder in use, and the numbers of its embeddings: templates of another are not compared. */
  readonly model: () => { readonly model: string; readonly length: number };
  /** Why no face can be compared now, if none can. */
  readonly faceOff: () => Problem | null;
  readonly issuers: () => readonly Ed25519PublicJwk[];
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  /** 32 bytes that only this kiosk has: unknown badges are remembered blinded. */
  readonly blind: Uint8Array;
}

export type CredentialCheckin = ReturnType<typeof createCredentialCheckin>;

/** Unknown badges that are remembered, so that one card held at the reader counts once. */
const REMEMBERED = 64;

/**
 * Check-in methods that need neither face nor PIN: the code of the person's own page, cards and badges, and staff's
 * word.
 */
export function createCredentialCheckin(deps: CredentialCheckinDeps) {
  const { store } = deps;
  let unknownBadges: string[] = [];

  /** Whatever a scanner or reader brought. @throws Problem as `codeRead` of the contract says */
  async function read(text: string): Promise<CredentialResult> {
    const code = text.trim();
    if (/^SPT1:/i.test(code)) return templateCard(code);
    if (/^SP[A-Z]?[0-9]:/i.test(code)) return /^SP1:/i.test(code) ? ownCode(code) : card(code);
    return badge(code);
  }

  /** The code of the person's own page: signed, short-lived, and taken once here. */
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
    // Spent before anything comes of it: a power cut in between costs another code, and never lets one in twice.
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

  /** A card with templates: decrypts what is stored of that person, for the one comparison that follows. */
  async function templateCard(text: string): Promise<CredentialResult> {
    requireOffered('badge');
    const key = readTemplateCard(text);
    const off = deps.faceOff();
    try {
      const person = key && store.people.get(key.person);
      const held = person && store.templates.onCard(person.id);
      // Not the last card that was made, or another person's: it belongs to no one.
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
   * Unknown ones count, all together: anyone who tries many numbers has to wait, and the same one again is no other
   * try.
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
        // 128 random bits are not guessed: a card goes through while guesses at numbers have to wait.
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

  /** @throws Problem `face-needed` where a face has to be compared and there is none to compare with */
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

/** @throws by the methods that the site does not offer */
export const methodNotOffered = (): Problem => new Problem('method-not-offered');

const codeUnknown = () => new Problem('code-unknown');
const locked = (cause: Problem) => new Problem('locked', { seconds: cause.params.seconds ?? '', cause });
