import type { ComponentChildren } from 'preact';
import { Button } from '../../shared/button.tsx';
import { IconBack } from '../../shared/icons.tsx';
import { go } from '../../shared/web/router.ts';
import type { Role } from '../state/session.ts';

interface PageFrameProps {
  title: string;
  /** One sentence: what this page is for. */
  lead?: string | undefined;
  actions?: ComponentChildren;
  children: ComponentChildren;
}

/** The frame of a page: its heading, what can be done on it, its content. */
export function PageFrame({ title, lead, actions, children }: PageFrameProps) {
  return (
    <div class="page">
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

/** Back to the page that this one is a part of. */
export const BackButton = ({ to, children }: { to: string; children: ComponentChildren }) => (
  <Button onClick={() => go(to)}>
    <IconBack />
    {children}
  </Button>
);

export interface PageProps {
  /** Segments of the address behind the page's own. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
  readonly role: Role;
}
