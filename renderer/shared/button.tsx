import type { ComponentChildren, JSX } from 'preact';

export interface ButtonProps
  extends Omit<JSX.IntrinsicElements['button'], 'class' | 'disabled' | 'icon' | 'label' | 'size' | 'type'> {
  /** Emphasis: at most one `primary` per screen; `danger` for actions that delete or revoke. `bare` and `icon` have no frame. */
  readonly kind?: 'primary' | 'danger' | 'primary-danger' | 'bare' | 'icon' | undefined;
  readonly size?: 'big' | 'small' | undefined;
  readonly submit?: boolean;
  /** Looks and is announced as disabled, but keeps the focus and can be pressed: it then does nothing, or says why. */
  readonly disabled?: boolean | undefined;
  readonly class?: string | undefined;
  /** Icon shown before the label. */
  readonly icon?: ComponentChildren;
  /** Text of the button. Anything more than text is passed as children. */
  readonly label?: string;
}

export const Button = ({
  kind,
  size,
  submit = false,
  disabled,
  class: more,
  icon,
  label,
  children,
  ...rest
}: ButtonProps) => (
  <button
    type={submit ? 'submit' : 'button'}
    class={['button', kind && `button-${kind}`, size && `button-${size}`, more].filter(Boolean).join(' ')}
    aria-disabled={disabled}
    {...rest}
  >
    {icon}
    {label}
    {icon && label === undefined ? <span>{children}</span> : children}
  </button>
);
