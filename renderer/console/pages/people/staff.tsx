import { getPersonStaff } from '../../../../sync/protocol/api/people.ts';
import { api } from '../../../shared/web/api.ts';
import { ErrorNote } from '../../../shared/web/form.tsx';
import { useResource } from '../../../shared/web/resource.ts';
import { t } from '../../i18n.ts';
import { codeLabel, staffByLabel } from '../../parts/labels.ts';
import { Moment } from '../../parts/moment.tsx';
import { kioskName } from '../../state/places.ts';

/** Who of a kiosk's staff enrolled this person, took the consent or deleted them; nothing where nobody of them did. */
export function StaffPanel({ person }: { person: string }) {
  const { value, error } = useResource(person, (signal) => api(getPersonStaff, { params: { person }, signal }));
  if (!error && !value?.items.length) return null;
  return (
    <section class="card panel">
      <h2>{t('people.staffDid.title')}</h2>
      <ErrorNote error={error} />
      <ul>
        {value?.items.map((one) => (
          <li key={one.id} class="setting">
            <div>
              <p class="setting-name">{codeLabel('people.staffDid', `${one.what}-${one.change}`)}</p>
              <p class="muted small">
                <bdi>{staffByLabel(one.by)}</bdi> · <bdi>{kioskName(one.device) ?? '–'}</bdi> · <Moment at={one.at} />
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
