import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../../../errors/problem.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import type { Keyring } from '../../platform/keys/keyring.ts';
import type { Config } from '../config.ts';

/**
 * Checks of what a server needs, declared once. `/readyz`, Attention and `doctor` are loops over the list (all.ts): none has
 * codes of its own, so they can't contradict each other.
 */

/** `stops`: the server takes no traffic. `degrades`: it serves, but something does not work. `note`: worth knowing. */
export type Level = 'stops' | 'degrades' | 'note';

export interface Outcome {
  readonly level: Level;
  /** One sentence for an operator. */
  readonly says: string;
  /** One sentence about what to do. */
  readonly next: string;
}

export interface Verdict {
  readonly code: string;
  /** Details for a terminal: another code, a variable's name, a number of days. Never personal data, a key or a token. */
  readonly detail?: string | undefined;
}

export interface Subject {
  readonly config: Config;
  readonly now: () => Date;
  /** Null if the database could not be opened. */
  readonly open: Opened | null;
  /** This replica's connections to the operator's brokers. Null: there are none, or another process has them. */
  readonly broker: BrokerTrial | null;
}

export interface Opened {
  readonly db: Db;
  readonly keys: Keys;
  readonly keyring: Keyring;
}

export interface BrokerTrial {
  /** Whether every broker is connected. */
  readonly connected: boolean;
  /** Publishes to ourselves and waits for the message. Only this proves our rights: brokers grant useless subscriptions too. */
  tryOut(): Promise<{ readonly reads: boolean; readonly writes: boolean }>;
}

/** One check. `F`: the facts it finds; `C`: codes of its outcomes. */
export interface Check<F = unknown, C extends string = string> {
  /** Kebab-case name, printed by `doctor`. */
  readonly name: string;
  /** `process`: differs by replica. `installation`: the same on every replica. */
  readonly of: 'process' | 'installation';
  /** How often a running server runs it, ms. 0: at every request. */
  readonly everyMs: number;
  /** It doesn't use the database, so it also runs while the database is unavailable. */
  readonly withoutDatabase?: boolean;
  readonly outcomes: Readonly<Record<C, Outcome>>;
  /** Codes for an inspection that fails (`failed`) or takes too long (`late`). Absent: `check-failed`. */
  readonly failed?: NoInfer<C>;
  readonly late?: NoInfer<C>;
  inspect(subject: Subject): Promise<F>;
  /** Returns whether each code applies, or its detail if it has one. Absent codes don't apply. Pure. */
  judge(facts: F): Judged<NoInfer<C>>;
  /** Returns what `doctor` adds if nothing is wrong. Null: there was nothing to check. Pure. */
  remark?(facts: F): string | null;
}

export type Judged<C extends string> = { readonly [Code in C]?: string | boolean | null };

/** Infers the types of a check. */
export const check = <F, C extends string>(c: Check<F, C>): Check<F, C> => c;

export interface Finding extends Verdict {
  readonly check: string;
  readonly level: Level;
}

/** Outcome of any check that can't be carried out. */
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

/** Returns the open database and keys. Not for a check `withoutDatabase`. */
export function opened({ open }: Subject): Opened {
  if (!open) throw new Error('the database is not open');
  return open;
}

/** Findings of a check, and its remark if it has one. */
export interface Examined {
  readonly findings: readonly Finding[];
  readonly remark?: string | null | undefined;
}

/** Runs a check. Never throws: a check that fails is a finding too. @param limitMs time that the check may take */
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

/** Returns the result of `work`, or null if it takes longer than `ms`. */
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

/** Returns an error as a detail. A Problem in full; of any other error only the code, since its message may hold values. */
export function detailOf(what: string, cause: unknown): string {
  if (cause instanceof Problem) return problemDetail(cause);
  const { code, name } = cause as { code?: unknown; name?: unknown };
  return `${what}: ${String(code ?? name ?? 'unknown error')}`;
}

export const problemDetail = ({ code, message, nextStep }: Problem): string =>
  `${code}: ${message}${nextStep ? ` ${nextStep}` : ''}`;
