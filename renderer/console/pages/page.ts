import type { ComponentType } from 'preact';
import type { PathOf } from '../../shared/i18n.ts';
import type { Key } from '../i18n.ts';
import type { Role } from '../state/session.ts';

/** Headings of the rail, in their order. */
export const GROUPS = ['now', 'attendance', 'people', 'running', 'privacy', 'own'] as const;

export interface PageProps {
  /** Segments of the address behind the page's own. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
  readonly role: Role;
}

/**
 * A page of the console. To add one: a file here that exports its `ConsolePage`, a line in `index.ts`, and its sentences
 * (`PATH.nav` is its name) in every language.
 */
export interface ConsolePage {
  /** Its address is `#/PATH`; its name is the sentence `PATH.nav`. */
  readonly path: PathOf<Key>;
  readonly group: (typeof GROUPS)[number];
  readonly Icon: ComponentType;
  /** Whose rail has it: the roles of the routes that it reads. What is in it is the server's to refuse. */
  readonly roles: readonly Role[];
  readonly View: ComponentType<PageProps>;
  /** Stands beside its name in the rail: how much waits there. */
  readonly Count?: ComponentType;
}
