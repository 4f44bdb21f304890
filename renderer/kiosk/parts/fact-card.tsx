import type { ComponentChildren } from 'preact';
import { type Key, t } from '../i18n.ts';

interface FactCardProps {
  title: string;
  /** Text when there is nothing to show. */
  empty?: string | undefined;
  children: ComponentChildren;
  foot?: ComponentChildren;
}

/** The state of one part of the machine, for the people who maintain it. */
export function FactCard({ title, empty = t('diagnostics.none'), children, foot }: FactCardProps) {
  const nothing = children === null || (Array.isArray(children) && children.length === 0);
  return (
    <section class="card diagnostics-card tabular">
      <h2>{title}</h2>
      {nothing ? <p class="hint">{empty}</p> : <dl class="marked-facts">{children}</dl>}
      {foot}
    </section>
  );
}

interface FactProps {
  name: Key;
  mark?: 'good' | 'warn' | undefined;
  children: ComponentChildren;
}

export function Fact({ name, mark, children }: FactProps) {
  return (
    <div>
      <dt>{t(name)}</dt>
      <dd data-mark={mark}>
        <bdi>{children}</bdi>
      </dd>
    </div>
  );
}
