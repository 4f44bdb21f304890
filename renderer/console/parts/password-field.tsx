import type { ComponentProps } from 'preact';
import { TextField, type useField } from '../../shared/web/form.tsx';
import { t } from '../i18n.ts';

/** A password field. @param fresh for a new password: password managers suggest one instead of filling in an old one */
export const PasswordField = ({ fresh = false, ...field }: ComponentProps<typeof TextField> & { fresh?: boolean }) => (
  <TextField type="password" autocomplete={fresh ? 'new-password' : 'current-password'} dir="ltr" required {...field} />
);

type Typed = ReturnType<typeof useField<string>>;

export const NewPasswordField = (field: Typed) => (
  <PasswordField
    label={t('enrol.password')}
    hint={t('enrol.passwordHint')}
    minLength={12}
    maxLength={128}
    {...field}
    fresh
  />
);

export const CodeField = (field: Typed) => (
  <TextField label={t('signIn.code')} autocomplete="one-time-code" dir="ltr" required {...field} />
);
