import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../../../errors/problem.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import type { Keyring } from '../../platform/keys/keyring.ts';
import type { Config } from '../config.ts';

/**
 * What has to be right for a server to serve, declared once. `/readyz`, Attention and `doctor` are loops over the list
 * (all.ts): none of them has codes of its own, so they can't say different things.
 */

/** `stops`: the server takes no traffic. `degrades`: it serves, and something does not work. `note`: worth knowing. */
export type Level = 'stops' | 'degrades' | 'note';

export interface Outcome {
  readonly level: Level;
  /** One sentence for an operator. */
  readonly says: string;
  /** One sentence: what to do. */
  readonly next: string;
}

export interface Verdict {
  readonly code: string;
  /** What exactly, for a terminal: another code, a name of a variable, days. Never personal data, a key or a token. */
  readonly detail?: string | undefined;
}

export interface Subject {
  readonly config: Config;
  readonly now: () => Date;
  /** Null: the database could not be opened. */
  readonly open: Opened | null;
  /** This replica at the operator's brokers. Null: there is none, or its own process looks. */
  readonly broker: BrokerTrial | null;
}

export interface Opened {
  readonly db: Db;
  readonly keys: Keys;
  readonly keyring: Keyring;
}

export interface BrokerTrial {
  /** Every broker is. */
  readonly connected: boolean;
  /** Publishes to ourselves and waits for it: the only proof of a right, since brokers grant subscriptions that they deliver nothing to. */
  tryOut(): Promise<{ readonly reads: boolean; readonly writes: boolean }>;
}

/** One thing that is checked. `F`: what was found; `C`: codes that it may end in. */
export interface Check<F = unknown, C extends string = string> {
  /** Kebab-case; `doctor` prints it. */
  readonly name: string;
  /** `process`: of each replica. `installation`: the same whichever replica looks. */
  readonly of: 'process' | 'installation';
  /** How often a running server looks, ms; 0: whenever it is asked. */
  readonly everyMs: number;
  /** It asks nothing of the database, so it has something to say where that is away too. */
  readonly withoutDatabase?: boolean;
  readonly outcomes: Readonly<Record<C, Outcome>>;
  /** Codes where looking fails, or takes too long; without them `check-failed`. */
  readonly failed?: NoInfer<C>;
  readonly late?: NoInfer<C>;
  inspect(subject: Subject): Promise<F>;
  /** Pure: whether each code is so, or its detail where it has one. What is left out is not; nothing is: all is well. */
  judge(facts: F): Judged<NoInfer<C>>;
  /** Pure: what `doctor` says besides where nothing is wrong; null: nothing was to be checked. */
  remark?(facts: F): string | null;
}

export type Judged<C extends string> = { readonly [Code in C]?: string | boolean | null };

/** Names the types of a check. */
export const check = <F, C extends string>(c: Check<F, C>): Check<F, C> => c;

export interface Finding extends Verdict {
  readonly check: string;
  readonly level: Level;
}

/** For every check that can't be carried out. */
export const CHECK_FAILED: Readonly<Record<'check-failed', Outcome>> = {
  'check-failed': {
    level: 'degrades',
    says: 'A check could not be completed.',
    next: 'See the server’s log for the reason; if it repeats, report it.',
  },
};

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** What the database holds. Not for a check `withoutDatabase`. */
export function opened({ open }: Subject): Opened {
  if (!open) throw new Error('the database is not open');
  return open;
}

/** What a check has found, and its remark where it has one. */
export interface Examined {
  readonly findings: readonly Finding[];
  readonly remark?: string | null | undefined;
}

/** Checks and judges. Never throws: what can't be checked is a finding too. @param limitMs time that the check may take */
export async function examine(one: Check, subject: Subject, limitMs: number): Promise<Examined> {
  try {
    const inspected = one.inspect(subject).then((facts) => ({ facts }));
    const seen = await within(inspected, limitMs);
    const verdicts = seen
      ? verdictsOf(one.judge(seen.facts))
      : [failure(one.late, `${one.name}: no answer within ${limitMs / 1000} s`)];
    return {
      findings: verdicts.map((verdict) => findingOf(one, verdict)),
      remark: seen ? one.remark?.(seen.facts) : undefined,
    };
  } catch (cause) {
    return { findings: [findingOf(one, failure(one.failed, detailOf(one.name, cause)))] };
  }
}

/** Null: it was not done by then. */
export async function within<T>(work: Promise<T>, ms: number): Promise<T | null> {
  const done = new AbortController();
  try {
    return await Promise.race([work, sleep(ms, null, { signal: done.signal })]);
  } finally {
    done.abort();
  }
}

export const verdictsOf = (judged: Judged<string>): Verdict[] =>
  Object.entries(judged).flatMap(([code, so]) => {
    if (so === undefined || so === null || so === false) return [];
    return [so === true ? { code } : { code, detail: so }];
  });

const failure = (code: string | undefined, detail: string): Verdict => ({
  code: code ?? 'check-failed',
  detail,
});

export function findingOf(one: Check, verdict: Verdict): Finding {
  const { level } = one.outcomes[verdict.code] ?? CHECK_FAILED['check-failed'];
  return { ...verdict, check: one.name, level };
}

/** A coded error as a detail: its code, its sentence and its own next step. Of any other only its code: it may hold values. */
export function detailOf(what: string, cause: unknown): string {
  if (cause instanceof Problem) return problemDetail(cause);
  const { code, name } = cause as { code?: unknown; name?: unknown };
  return `${what}: ${String(code ?? name ?? 'unknown error')}`;
}

export const problemDetail = ({ code, message, nextStep }: Problem): string =>
  `${code}: ${message}${nextStep ? ` ${nextStep}` : ''}`;
