import { readFileSync } from 'node:fs';
import { createTransport } from 'nodemailer';
import { Problem } from '../../../errors/problem.ts';
import { reasonOf } from '../../../errors/reason.ts';
import type { MailSettings } from './settings.ts';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Time limits: to connect, and for silence on an open connection, ms. */
const CONNECT_MS = 10_000;
const SILENCE_MS = 20_000;

export interface Sending {
  readonly sent: boolean;
  /** The mail server's response, e.g. `250 2.0.0 OK`, null if none. It may name the receiver, so it must not be logged. */
  readonly answer: string | null;
  /** Why it was not sent, naming neither receiver nor content. */
  readonly reason: string;
}

/**
 * Sends one mail over TLS with a verified certificate, or not at all: a mail server without TLS receives nothing, not even the
 * password or the address. Unlike anywhere else, TLS 1.2 is accepted, since many mail servers support nothing newer.
 */
export async function trySending(settings: MailSettings, mail: Mail): Promise<Sending> {
  const transport = transportOf(settings);
  try {
    const { response } = await transport.sendMail({
      from: settings.from,
      // As an object, so that no part of the address can become a second receiver.
      to: { name: '', address: mail.to },
      subject: mail.subject,
      text: mail.text,
      headers: { 'Auto-Submitted': 'auto-generated' },
    });
    return { sent: true, answer: response, reason: '' };
  } catch (cause) {
    return { sent: false, answer: (cause as { response?: string }).response ?? null, reason: reasonText(cause) };
  } finally {
    transport.close();
  }
}

/** Sends one mail like `trySending`. @throws Problem `mail-not-sent`; its message names neither receiver nor content */
export async function sendMail(settings: MailSettings, mail: Mail): Promise<void> {
  const { sent, reason } = await trySending(settings, mail);
  if (!sent) throw new Problem('mail-not-sent', { what: 'did not accept a mail', reason });
}

/** Connects and signs in to the mail server as for a mail, but sends none. @throws Problem `mail-not-sent` */
export async function reachMail(settings: MailSettings): Promise<void> {
  const transport = transportOf(settings);
  try {
    await transport.verify();
  } catch (cause) {
    throw new Problem('mail-not-sent', { what: 'can’t be used', reason: reasonText(cause) });
  } finally {
    transport.close();
  }
}

function reasonText(cause: unknown): string {
  const { responseCode } = cause as { responseCode?: number };
  return [reasonOf(cause), responseCode].filter(Boolean).join(' ');
}

function transportOf(settings: MailSettings) {
  return createTransport({
    host: settings.host,
    port: settings.port,
    secure: settings.implicitTls,
    requireTLS: true,
    ...(settings.user && {
      auth: { user: settings.user, pass: Buffer.from(settings.password?.reveal() ?? []).toString('utf8') },
    }),
    tls: {
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      ...(settings.caFile && { ca: readFileSync(settings.caFile, 'utf8') }),
    },
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}
