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

/** How often the certificate's age is checked, ms. A failed renewal is retried then. */
const EVERY_MS = 15 * 60_000;
/** Shortest time between requests to a server that issues certificates and then rejects them, ms. */
const RECOVERED_MS = 60_000;

export interface RenewalDeps {
  readonly store: Pick<Store, 'settings'>;
  readonly link: LiveLink;
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  /** Sends a sealed request, between the messages of the sync. */
  readonly send: (sealed: string) => Promise<string>;
  /** Sends one over HTTPS with another client certificate. */
  readonly sendWith: SendWith;
  readonly onProblem: (problem: Problem) => void;
  /** Called when the rejected keys were replaced: the sync continues immediately. */
  readonly onRecovered: () => void;
  /** Called when the result of turnedAway() has changed. */
  readonly onAway: () => void;
}

/** Renews the kiosk's certificate in time, as soon as the server is reachable again, or when it rejects the current one. */
export function startRenewal(deps: RenewalDeps) {
  const { link } = deps;
  let running = false;
  let stopped = false;
  let away: Problem | null = null;
  /** Every key was rejected; nothing is retried before the next check. */
  let exhausted = false;
  let recoveredAt = Number.NEGATIVE_INFINITY;

  async function attempt(work: (present: Renewed) => Promise<Renewed>, failed: (problem: Problem) => void) {
    if (running || stopped) return;
    running = true;
    try {
      const before = link.current;
      const renewed = await work(before);
      // A page may have delivered newer keys meanwhile. A restored server has sent its own, older ones.
      const { keys } = link.current.bundle;
      const later = keys.serial > before.bundle.keys.serial && keys.serial > renewed.bundle.keys.serial;
      if (stopped) return; // the old certificate remains valid
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
    /** Called after a successful exchange. */
    heard: (): void => setAway(null),
    /** Why the server rejects this kiosk after every key was tried; null if it does not, or while that is undecided. */
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
