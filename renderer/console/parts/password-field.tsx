import type { ComponentProps } from 'preact';
import { TextField } from '../../shared/web/form.tsx';

/** A password. @param fresh it is being chosen: password managers offer one, and don't fill in another */
export const PasswordField = ({ fresh = false, ...field }: ComponentProps<typeof TextField> & { fresh?: boolean }) => (
  <TextField type="password" autocomplete={fresh ? 'new-password' : 'current-password'} dir="ltr" required {...field} />
);
