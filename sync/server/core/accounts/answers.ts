import type { z } from 'zod';
import type { AccountShape, SignInLink } from '../../../protocol/api/accounts.ts';
import type { Services } from '../../platform/access/route.ts';
import type { Account } from './accounts.ts';
import { linkUrl, type Page, qrSvg } from './link-text.ts';

/** An account as the API shows it. */
export function wire(a: Account): AccountShape {
  const at = (date: Date | null) => date?.toISOString() ?? null;
  return {
    id: a.id,
    role: a.role,
    email: a.email,
    enrolled: a.enrolled,
    madeAt: a.madeAt.toISOString(),
    signedInAt: at(a.signedInAt),
    disabledAt: at(a.disabledAt),
  };
}

/** A link as text and as a QR code. */
export async function linkAnswer(
  { config }: Pick<Services, 'config'>,
  page: Page,
  { token, expiresAt }: { token: string; expiresAt: Date },
): Promise<z.infer<typeof SignInLink>> {
  const url = linkUrl(config, page, token);
  return { url, svg: await qrSvg(url), expiresAt: expiresAt.toISOString() };
}
