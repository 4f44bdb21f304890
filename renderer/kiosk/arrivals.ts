import { type ReadonlySignal, signal } from '@preact/signals';
import type { Arrival, CoreClient, CredentialResult, Receipt } from '../../electron/contract/methods.ts';
import { RpcError } from '../../electron/contract/rpc-error.ts';

/** Why a code or badge was refused. `foreign`: it was never meant for a check-in. */
export interface RefusedArrival {
  readonly code: string;
  /** For `locked`: how long; null otherwise. */
  readonly seconds: number | null;
  /** Distinguishes one rejection from the next of the same kind. */
  readonly n: number;
}

export interface ArrivalDeps {
  readonly core: Pick<CoreClient, 'codeRead' | 'badgeRead'>;
  readonly welcomed: (receipt: Receipt) => void;
  /** Called when the owner's face is needed next. */
  readonly faceOf: (claim: string) => void;
  readonly refuse: (why: RefusedArrival) => void;
}

/** A code of ours: a person's own page, a printed card, or a card with a template. */
const OURS = /^SP[A-Z]?1:/i;
/** What a badge's bar code looks like. Addresses, business cards and the like are never sent to the core. */
const BADGE_LIKE = /^[0-9A-Za-z._-]{4,64}$/;
const LONGEST_CODE = 400;
const LONGEST_BADGE = 64;

/** Handles codes and badges one at a time. A second one is ignored while the first is looked up. */
export function createArrivals(deps: ArrivalDeps) {
  const busy = signal(false);
  const refused = signal<RefusedArrival | null>(null);
  let count = 0;

  function refuse(code: string, seconds: unknown = null): void {
    refused.value = { code, seconds: typeof seconds === 'number' ? seconds : null, n: ++count };
    deps.refuse(refused.value);
  }

  function settle(result: CredentialResult): void {
    refused.value = null;
    if (result.kind === 'welcome') deps.welcomed(result.receipt);
    else deps.faceOf(result.claim);
  }

  async function ask(call: () => Promise<CredentialResult>): Promise<void> {
    if (busy.peek()) return;
    busy.value = true;
    try {
      settle(await call());
    } catch (error) {
      const known = error instanceof RpcError ? error : null;
      refuse(known?.code ?? 'internal', known?.params.seconds);
    } finally {
      busy.value = false;
    }
  }

  return {
    busy: busy as ReadonlySignal<boolean>,
    refused: refused as ReadonlySignal<RefusedArrival | null>,
    async scanned(text: string): Promise<void> {
      const code = text.trim();
      if (code.length <= LONGEST_CODE && (OURS.test(code) || BADGE_LIKE.test(code)))
        await ask(() => deps.core.codeRead({ code }));
      else refuse('foreign');
    },
    async typed(text: string): Promise<void> {
      const code = text.trim();
      if (OURS.test(code)) await ask(() => deps.core.codeRead({ code }));
      else if (code.length <= LONGEST_BADGE) await ask(() => deps.core.badgeRead({ badge: code }));
      else refuse('foreign');
    },
    /** Called when a reader connected to the core has read something. */
    pushed(arrival: Arrival): void {
      if (arrival.kind === 'refused') refuse(arrival.code, arrival.seconds);
      else if (arrival.kind !== 'badge') settle(arrival); // badges are for the unlock screen
    },
    /** Forgets the rejection when another screen is shown. */
    clear(): void {
      refused.value = null;
    },
  };
}
