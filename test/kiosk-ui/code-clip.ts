import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { toFile } from 'qrcode';
import type { ClipSpec } from '../../electron/cli/demo/footage.ts';
import { newSigningKey } from '../../sync/protocol/seal/keys.ts';
import { writeOwnCode } from '../../sync/protocol/seal/own-code.ts';

const FOLDER = resolve(import.meta.dirname, '../artefacts/clips');

/** A code as on the person's own page: of a real key, and of realistic length. */
export const anOwnCode = (): string =>
  writeOwnCode({ person: randomUUID(), issuedAt: Date.now(), nonce: randomBytes(8) }, newSigningKey());

/**
 * Footage of a phone held up with this text as a QR code: after a second without it, small, tilted, slightly out of focus, and
 * with camera noise.
 */
export async function clipOfCode(text: string): Promise<ClipSpec> {
  mkdirSync(FOLDER, { recursive: true });
  const source = resolve(FOLDER, `code-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.png`);
  await toFile(source, text, { width: 300, margin: 4 });
  return clipOfPicture(source);
}

/** The same for a picture that shows a code, such as a screenshot of a page. */
export function clipOfPicture(source: string): ClipSpec {
  const held = [
    'scale=250:250',
    'pad=640:480:210:130:color=0x6b6660',
    'perspective=20:14:620:0:0:466:640:480:sense=destination',
    'rotate=0.16:fillcolor=0x6b6660',
    'gblur=sigma=0.9',
    'noise=alls=14:allf=t',
  ].join(',');
  return {
    segments: [
      { source: 'blank', seconds: 1 },
      { source, seconds: 3, filter: held },
    ],
  };
}
