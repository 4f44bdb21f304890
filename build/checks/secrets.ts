import { createHash } from 'node:crypto';
import type { SecretAnswer } from './answers.ts';

/* Looks for committed secrets in the text of every file of the working tree and its history. */

interface Pattern {
  readonly name: string;
  /** Must have the `g` flag. If it has a group `secret`, that group is the match. */
  readonly regex: RegExp;
  /** Whether a match only looks like a secret. */
  readonly unless?: (secret: string, host: string) => boolean;
}

/** Shannon entropy in bits per character: low for words and repetitions, high for keys. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** Minimum bits per character of a random value. Hex has at most 4, and nearly every 16-byte key in hex has at least 3.2. */
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
    // A placeholder in documentation, or an address of the machine itself.
    unless: (secret, host) => PLACEHOLDER.test(secret) || NOWHERE.test(host),
  },
  {
    // The name says that it is a secret, and the value looks random.
    name: 'assigned-secret',
    regex:
      /(?:password|passwd|passphrase|secret|token|(?:api|access|encryption|secret|private)[_-]?key)(?:[_-]?previous)?["']?\s*(?:[:=]|=>)\s*["'`]?(?<secret>[A-Za-z0-9+/=_-]{24,})(?![\w(.])/gi,
    unless: (secret) => entropy(secret) < leastOf(secret) || !/\d/.test(secret) || !/[A-Za-z]/.test(secret),
  },
];

export interface Finding {
  readonly pattern: string;
  readonly path: string;
  /** First 16 hex digits of the SHA-256 of the match, so that an answer can name a secret without repeating it. */
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

/** Findings without an answer, one line each, and answers without a finding. A shallow clone may lack the history for those. */
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
