import { randomUUID } from 'node:crypto';
import {
  mayRenew,
  needsRenewal,
  performRenewal,
  type Renewed,
  renewByAnyKey,
  type SendWith,
} from '../../../sync/edge/provisioning/renewal.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import type { Store } from '../store/interface.ts';
import type { LiveLink } from './server-link.ts';

/** How often the certificate's age is looked at, ms. A renewal that failed is tried again then. */
const EVERY_MS = 15 * 60_000;
/** A server that issues certificates and then rejects them is asked for one no more often than this, ms. */
const RECOVERED_MS = 60_000;

export interface RenewalDeps {
  readonly store: Pick<Store, 'settings'>;
  readonly link: LiveLink;
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  /** Sends a sealed ask, between the messages of the sync. */
  readonly send: (sealed: string) => Promise<string>;
  /** Sends one over HTTPS with another client certificate. */
  readonly sendWith: SendWith;
  readonly onProblem: (problem: Problem) => void;
  /** The kiosk has different keys from those that were rejected: the sync continues at once. */
  readonly onRecovered: () => void;
  /** What turnedAway() says has changed. */
  readonly onAway: () => void;
}

/** Renews the kiosk's certificate in time, as soon as the server can be reached again, or when it accepts nothing else from us. */
export function startRenewal(deps: RenewalDeps) {
  const { link } = deps;
  let running = false;
  let stopped = false;
  let away: Problem | null = null;
  /** Every key was refused; nothing is tried again before the next look. */
  let exhausted = false;
  let recoveredAt = Number.NEGATIVE_INFINITY;

  async function attempt(work: (present: Renewed) => Promise<Renewed>, failed: (problem: Problem) => void) {
    if (running || stopped) return;
    running = true;
    try {
      const before = link.current;
      const renewed = await work(before);
      // A page may have brought newer keys meanwhile; a server that went back has sent its own.
      const { keys } = link.current.bundle;
      const later = keys.serial > before.bundle.keys.serial && keys.serial > renewed.bundle.keys.serial;
      if (stopped) return; // the old certificate stays good
      link.write(deps.store, later ? { ...renewed, bundle: { ...renewed.bundle, keys } } : renewed);
      setAway(null);
      recoveredAt = performance.now();
      deps.onRecovered();
    } catch (cause) {
      if (!stopped) failed(asProblem(cause));
    } finally {
      running = false;
    }
  }

  function setAway(problem: Problem | null): void {
    exhausted = problem !== null;
    if (away?.code === problem?.code) return;
    away = problem;
    deps.onAway();
  }

  function check(): void {
    exhausted = false;
    if (!needsRenewal(link.current.bundle.tlsCertPem, deps.now())) return;
    void attempt((present) => performRenewal(present, deps.send, randomUUID()), deps.onProblem);
  }

  check();
  const ticker = setInterval(check, EVERY_MS);
  ticker.unref();
  return {
    /** The server rejected an exchange. If other keys may help, one renewal is tried with each that the kiosk has. */
    refused(problem: Problem) {
      if (problem.code === 'device-revoked') return setAway(problem);
      if (!mayRenew(problem.code) || exhausted || performance.now() - recoveredAt < RECOVERED_MS) return;
      void attempt(
        (present) => {
          const { tls, sealing } = link.spare;
          return renewByAnyKey(present, { tls, sealing: sealing?.key ?? null }, deps.sendWith, randomUUID);
        },
        (last) => {
          deps.onProblem(last);
          if (mayRenew(last.code) || last.code === 'device-revoked') setAway(last);
        },
      );
    },
    /** An exchange succeeded. */
    heard: (): void => setAway(null),
    /** Why the server turns this kiosk away, once no key was left to try; null while it does not, or that is open. */
    turnedAway: (): Problem | null => away,
    stop(): void {
      stopped = true;
      clearInterval(ticker);
    },
  };
}

function asProblem(cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  return new Problem('renewal-failed', { cause });
}
