import { createHash } from 'node:crypto';
import type { SecretAnswer } from './answers.ts';

/* Secrets that someone committed, looked for in the text of every file of the tree and of its history. */

interface Pattern {
  readonly name: string;
  /** Global; the group `secret`, where there is one, is what counts as the match. */
  readonly regex: RegExp;
  /** What only looks like one. */
  readonly unless?: (secret: string, host: string) => boolean;
}

/** Bits a character: words and repetitions are low, keys are high. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** Bits a character below which nothing is random. Hexadecimal digits have 4 at most, and 3.2 in nearly all keys of 16 bytes. */
const leastOf = (secret: string): number => (/^[0-9a-f]+$/i.test(secret) ? 3 : 3.8);

const PLACEHOLDER = /^(password|passwort|secret|pass|pw)$/i;
const NOWHERE = /^(127\.\d+\.\d+\.\d+|localhost|host|db|([\w-]+\.)*(example|test|invalid))$/i;

const PATTERNS: readonly Pattern[] = [
  {
    name: 'private-key',
    regex: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\n)+(?<secret>[A-Za-z0-9+/=:,\s\\-]{40,200})/g,
  },
  { name: 'private-jwk', regex: /"d"\s*:\s*"(?<secret>[A-Za-z0-9_-]{43,})"/g },
  { name: 'aws-access-key', regex: /\b(?<secret>(?:AKIA|ASIA)[A-Z0-9]{16})\b/g },
  {
    name: 'token',
    regex:
      /\b(?<secret>gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,}|glpat-[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{10,}|sk_live_[A-Za-z0-9]{16,}|AIza[A-Za-z0-9_-]{35}|SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})/g,
  },
  { name: 'registry-token', regex: /_auth(?:Token)?\s*=\s*(?<secret>[A-Za-z0-9+/=_-]{16,})/g },
  {
    name: 'jwt',
    regex: /\b(?<secret>eyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,})/g,
  },
  {
    name: 'url-with-password',
    regex: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@'"`<>{}$]{1,60}:(?<secret>[^\s/:@'"`<>{}$]{3,100})@(?<host>[\w.-]+)/g,
    // Part of an explanation, or an address of the machine itself.
    unless: (secret, host) => PLACEHOLDER.test(secret) || NOWHERE.test(host),
  },
  {
    // A name that says so, and a value that looks random.
    name: 'assigned-secret',
    regex:
      /(?:password|passwd|passphrase|secret|token|(?:api|access|encryption|secret|private)[_-]?key)(?:[_-]?previous)?["']?\s*(?:[:=]|=>)\s*["'`]?(?<secret>[A-Za-z0-9+/=_-]{24,})(?![\w(.])/gi,
    unless: (secret) => entropy(secret) < leastOf(secret) || !/\d/.test(secret) || !/[A-Za-z]/.test(secret),
  },
];

export interface Finding {
  readonly pattern: string;
  readonly path: string;
  /** First 16 hex digits of SHA-256 of what matched: an answer can name it without repeating it. */
  readonly sha256: string;
  readonly line: number;
}

export function findSecrets(path: string, text: string): Finding[] {
  return PATTERNS.flatMap(({ name, regex, unless }) =>
    [...text.matchAll(regex)].flatMap((match): Finding[] => {
      const secret = match.groups?.secret ?? match[0];
      if (unless?.(secret, match.groups?.host ?? '')) return [];
      return [
        {
          pattern: name,
          path,
          sha256: createHash('sha256').update(secret).digest('hex').slice(0, 16),
          line: text.slice(0, match.index).split('\n').length,
        },
      ];
    }),
  );
}

/** Findings without an answer, one line each, and answers that match nothing here: a clone may have less of the history. */
export function secretFaults(
  findings: readonly Finding[],
  answers: readonly SecretAnswer[],
): { faults: string[]; stale: string[] } {
  const used = new Set<SecretAnswer>();
  const faults = findings.flatMap(({ pattern, path, sha256, line }) => {
    const answer = answers.find(
      (a) =>
        a.pattern === pattern &&
        (a.path.endsWith('/') ? path.startsWith(a.path) : path === a.path) &&
        (a.sha256 === undefined || a.sha256 === sha256),
    );
    if (answer) used.add(answer);
    return answer ? [] : [`${path}:${line}: ${pattern} (${sha256})`];
  });
  const stale = answers.filter((answer) => !used.has(answer)).map(({ pattern, path }) => `${pattern} in ${path}`);
  return { faults: [...new Set(faults)], stale };
}
