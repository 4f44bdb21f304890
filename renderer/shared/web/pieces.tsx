import type { ComponentChildren, JSX } from 'preact';

/** One line of a `<dl class="facts">`. */
export const Fact = ({ name, children, ...rest }: JSX.IntrinsicElements['dd'] & { name: string }) => (
  <div>
    <dt>{name}</dt>
    <dd {...rest}>{children}</dd>
  </div>
);

/** A state in a word or two. */
export const Badge = ({
  kind,
  children,
  ...rest
}: JSX.IntrinsicElements['span'] & { kind?: string | undefined; children: ComponentChildren }) => (
  <span class="badge" data-kind={kind} {...rest}>
    {children}
  </span>
);
