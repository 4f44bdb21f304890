import type { z } from 'zod';
import type { SignInLink } from '../../../protocol/api/accounts.ts';
import type { Services } from '../../platform/access/route.ts';
import { linkUrl, type Page, qrSvg } from './link-text.ts';

/** A link as text and as a QR code. */
export async function linkAnswer(
  { config }: Pick<Services, 'config'>,
  page: Page,
  { token, expiresAt }: { token: string; expiresAt: Date },
): Promise<z.infer<typeof SignInLink>> {
  const url = linkUrl(config, page, token);
  return { url, svg: await qrSvg(url), expiresAt: expiresAt.toISOString() };
}
