import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { NewConsentText } from '../../../sync/protocol/api/consents.ts';
import { addText, listTexts, reviewText } from '../../../sync/server/core/consents/texts.ts';
import type { Tx } from '../../../sync/server/platform/database/schema.ts';

/** Answers that add no text: use the one that ships, or keep those on the server. */
export const SHIPPED = 'built-in';
export const KEPT = 'kept';
export const addsTexts = (answer: string | undefined): boolean =>
  answer !== undefined && answer !== SHIPPED && answer !== KEPT;

/**
 * Reads the operator's own consent texts: one plain text file per language, in its name (`consent.en.txt`). The title comes
 * first, then paragraphs separated by empty lines. The version is derived from the content, so the same files are one version.
 *
 * @param files comma-separated
 * @returns a sentence if they can't be used
 */
export function readConsentTexts(files: string): NewConsentText[] | string {
  const read = files.split(',').map((name) => textOf(name.trim()));
  const fault = read.find((text) => typeof text === 'string');
  if (fault !== undefined) return fault;
  const texts = read as Omit<NewConsentText, 'version'>[];
  if (new Set(texts.map(({ language }) => language)).size < texts.length) return 'Give one file for each language.';
  const version = `setup-${createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 8)}`;
  return texts.map((text) => ({ ...text, version }));
}

function textOf(path: string): Omit<NewConsentText, 'version'> | string {
  const language = /\.([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.txt$/.exec(path)?.[1];
  if (!language) return `The name of ${path} must end in its language and .txt, like consent.en.txt.`;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch {
    return `${path} can’t be read as a text file in UTF-8.`;
  }
  const [title, ...paragraphs] = text
    .replaceAll('\r\n', '\n')
    .split(/\n\s*\n/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const parsed = NewConsentText.omit({ version: true }).safeParse({ language, title, paragraphs });
  return parsed.success
    ? parsed.data
    : `${path} needs a title of at most 200 characters and 1 to 20 paragraphs of at most 2,000, with empty lines between them.`;
}

/** Adds missing texts. @param reviewed whether someone who knows language and law has read them, which puts them in force */
export async function keepConsentTexts(
  tx: Tx,
  texts: readonly NewConsentText[],
  reviewed: boolean,
  now: Date,
): Promise<void> {
  const there = await listTexts(tx);
  for (const text of texts) {
    const found = there.find(({ version, language }) => version === text.version && language === text.language);
    if (!found) await addText(tx, text, null, now);
    if (reviewed && !found?.reviewed) await reviewText(tx, text, null, now);
  }
}
