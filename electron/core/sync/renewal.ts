import { randomUUID } from 'node:crypto';
import { needsRenewal, performRenewal } from '../../../sync/edge/provisioning/renewal.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { Store } from '../store/interface.ts';
import { type LiveLink, writeServerLink } from './server-link.ts';

/** How often the certificate's age is looked at, ms. A renewal that failed is tried again then. */
const EVERY_MS = 15 * 60_000;

/** Renews the kiosk's certificate in time, or as soon as the server is in reach again. */
export function startRenewal(deps: {
  readonly store: Pick<Store, 'setSetting'>;
  readonly link: LiveLink;
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  /** Carries a sealed ask, between the messages of the sync. */
  readonly send: (sealed: string) => Promise<string>;
  readonly onProblem: (problem: Problem) => void;
}): { stop(): void } {
  const { link } = deps;
  let running = false;
  let stopped = false;

  async function look(): Promise<void> {
    if (running || !needsRenewal(link.current.bundle.tlsCertPem, deps.now())) return;
    running = true;
    try {
      const before = link.current;
      const renewed = await performRenewal(before, deps.send, randomUUID());
      // A page may have brought newer keys meanwhile.
      const { keys } = link.current.bundle;
      const bundle = keys.serial > renewed.bundle.keys.serial ? { ...renewed.bundle, keys } : renewed.bundle;
      if (stopped) return; // the old certificate stays good
      writeServerLink(deps.store, { secret: renewed.secret, bundle });
      link.adopt({ secret: renewed.secret, bundle });
    } catch (cause) {
      if (stopped) return;
      deps.onProblem(
        cause instanceof Problem
          ? cause
          : new Problem('renewal-failed', 'the certificate could not be renewed', 'It is tried again.', { cause }),
      );
    } finally {
      running = false;
    }
  }

  void look();
  const ticker = setInterval(() => void look(), EVERY_MS);
  ticker.unref();
  return {
    stop() {
      stopped = true;
      clearInterval(ticker);
    },
  };
}
