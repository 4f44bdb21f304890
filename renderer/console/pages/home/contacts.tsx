import { listConsentTexts } from '../../../../sync/protocol/api/consents.ts';
import { changeSitePolicy } from '../../../../sync/protocol/api/sites.ts';
import { api } from '../../../shared/web/api.ts';
import { ErrorNote, TextField, useFields } from '../../../shared/web/form.tsx';
import { DialogButton } from '../../../shared/web/pieces.tsx';
import { useRead, WriteForm } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { siteOf } from '../../state/places.ts';
import { FoldedText } from '../consents.tsx';
import { CONTACTS } from '../settings/declared.ts';

/** Names the organisation, without which no consent text is complete. */
export const AddContacts = ({ onDone }: { onDone: () => void }) => (
  <DialogButton label={t('home.setup.contacts.go')} wide>
    <Contacts onDone={onDone} />
  </DialogButton>
);

/** The three contacts, and the consent text that they are filled into, in each language. */
function Contacts({ onDone }: { onDone: () => void }) {
  const { values, field } = useFields({ controller: '', contact: '', dpo: '' });
  const texts = useRead(listConsentTexts);
  const site = siteOf(null);
  const typed = Object.fromEntries(CONTACTS.map((name) => [name, values[name].trim()]));
  const filledIn = {
    ...texts.value?.filledIn,
    ...Object.fromEntries(Object.entries(typed).filter(([, value]) => value !== '')),
  };
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
      <ErrorNote error={texts.error} onRetry={texts.reload} />
      <p class="muted">{t('home.setup.contacts.textLead')}</p>
      {texts.value?.shipped.map((text) => (
        <FoldedText key={text.language} of={text} filledIn={filledIn} />
      ))}
    </WriteForm>
  );
}
