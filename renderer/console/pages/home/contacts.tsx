import { changeSitePolicy } from '../../../../sync/protocol/api/sites.ts';
import { api } from '../../../shared/web/api.ts';
import { TextField, useFields } from '../../../shared/web/form.tsx';
import { DialogButton } from '../../../shared/web/pieces.tsx';
import { WriteForm } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { siteOf } from '../../state/places.ts';
import { CONTACTS } from '../settings/declared.ts';

/** Asks for the organisation's contacts, which a complete consent text needs. */
export const AddContacts = ({ onDone }: { onDone: () => void }) => (
  <DialogButton label={t('home.setup.contacts.go')}>
    <Contacts onDone={onDone} />
  </DialogButton>
);

/** The three contacts that are filled into the consent text. */
function Contacts({ onDone }: { onDone: () => void }) {
  const { values, field } = useFields({ controller: '', contact: '', dpo: '' });
  const site = siteOf(null);
  const typed = Object.fromEntries(CONTACTS.map((name) => [name, values[name].trim()]));
  return (
    <WriteForm
      write={() =>
        api(changeSitePolicy, { params: { site: site!.id }, body: { was: { privacy: {} }, is: { privacy: typed } } })
      }
      say={() => t('settings.saved')}
      done={onDone}
      ready={site !== null && Object.values(typed).every((value) => value !== '')}
      action={t('home.setup.contacts.save')}
    >
      {CONTACTS.map((name) => (
        <TextField key={name} label={t(`settings.${name}`)} required maxLength={200} dir="auto" {...field(name)} />
      ))}
    </WriteForm>
  );
}
