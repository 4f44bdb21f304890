import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Secret } from '../../platform/secrets/secret.ts';
import { Path, readBy } from '../../platform/variables.ts';

/** Environment variables for mail and links, merged into the server's schema (config.ts). */
export const mailVariables = {
  /** `smtps://user:password@host:465`, or `smtp://…:587` with STARTTLS. Unset: no mail is sent, and staff hand out links. */
  SMTP_URL: readBy(readSmtpUrl).optional(),
  /** Sender: `name@example.org` or `SmartPresence <name@example.org>`. */
  SMTP_FROM: z
    .string()
    .max(320)
    .regex(/^[^\r\n]*[^\s@<>]+@[^\s@<>]+>?$/, 'must be an e-mail address')
    .optional(),
  /** PEM of the CA of the mail server's certificate, if it is not a public one. */
  SMTP_CA_FILE: Path.refine(isReadable, 'can’t be read').optional(),
  /** Address of console and portal in links, if it is not https://HOSTNAME:PORT. */
  SMARTPRESENCE_PUBLIC_URL: z
    .string()
    .refine((text) => {
      const url = URL.parse(text);
      return url?.protocol === 'https:' && url.username === '' && url.pathname === '/' && url.search === '';
    }, 'must be https://HOST or https://HOST:PORT')
    .transform((text) => new URL(text).origin)
    .optional(),
};

interface SmtpUrl {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte. Otherwise STARTTLS, without which nothing is sent. */
  readonly implicitTls: boolean;
  readonly user: string | null;
  readonly password: Secret | null;
}

export interface MailSettings extends SmtpUrl {
  readonly from: string;
  readonly caFile: string | null;
}

export interface MailVariables {
  readonly SMTP_URL?: SmtpUrl | undefined;
  readonly SMTP_FROM?: string | undefined;
  readonly SMTP_CA_FILE?: string | undefined;
}

/** @returns null if no mail server is configured */
export function mailSettings(e: MailVariables): MailSettings | null {
  if (!e.SMTP_URL || !e.SMTP_FROM) return null;
  return { ...e.SMTP_URL, from: e.SMTP_FROM, caFile: e.SMTP_CA_FILE ?? null };
}

export function mailIssues(e: MailVariables): { path: string; message: string }[] {
  if (!e.SMTP_URL === !e.SMTP_FROM) return [];
  return [{ path: e.SMTP_URL ? 'SMTP_FROM' : 'SMTP_URL', message: 'is missing: SMTP_URL and SMTP_FROM go together' }];
}

/** @returns the settings, or what is wrong with the address */
function readSmtpUrl(text: string): SmtpUrl | string {
  const url = URL.parse(text);
  const scheme = url?.protocol;
  if (!url || (scheme !== 'smtp:' && scheme !== 'smtps:') || !url.hostname)
    return 'must be smtps://USER:PASSWORD@HOST:PORT, or smtp:// for STARTTLS';
  const implicitTls = scheme === 'smtps:';
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port ? Number(url.port) : implicitTls ? 465 : 587,
    implicitTls,
    user: url.username ? decodeURIComponent(url.username) : null,
    password: url.password ? new Secret(Buffer.from(decodeURIComponent(url.password), 'utf8')) : null,
  };
}

function isReadable(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}
