import type { ComponentChildren } from 'preact';
import { Button } from '../../shared/button.tsx';
import type { PathOf } from '../../shared/i18n.ts';
import { IconBack } from '../../shared/icons.tsx';
import { go } from '../../shared/web/router.ts';
import { type Key, t } from '../i18n.ts';
import type { Role } from '../state/session.ts';

/** Pages with an introductory sentence: those whose path has `nav` and `lead`. */
type LeadOf<K> = K extends `${infer Path}.lead` ? Path : never;
type PagePath = PathOf<Key> & LeadOf<Key>;

interface FrameProps {
  actions?: ComponentChildren;
  children: ComponentChildren;
}

/**
 * The frame of a page: heading, actions, content.
 *
 * @param of the page whose name and sentence are shown; a page about one thing has its own title
 */
export function PageFrame({
  actions,
  children,
  ...page
}: FrameProps & ({ of: PagePath } | { title: string; lead?: string | undefined })) {
  const { title, lead } = 'of' in page ? { title: t(`${page.of}.nav`), lead: t(`${page.of}.lead`) } : page;
  return (
    <div class="stack">
      <header class="page-head">
        <div class="page-title">
          <h1>{title}</h1>
          {lead && <p class="muted">{lead}</p>}
        </div>
        {actions && <div class="actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export const BackButton = ({ to, children }: { to: string; children: ComponentChildren }) => (
  <Button onClick={() => go(to)}>
    <IconBack />
    {children}
  </Button>
);

export interface PageProps {
  /** Segments of the address after the page's own. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
  readonly role: Role;
}
