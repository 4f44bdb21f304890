import type { TechnicianRecord } from '../../../../sync/protocol/api/fleet.ts';
import { t } from '../../../shared/i18n.ts';
import { Moment } from '../../parts/moment.tsx';
import { Table } from '../../parts/table.tsx';
import { codeWords } from '../../parts/words.ts';

const TONE: Readonly<Record<TechnicianRecord['outcome'], string>> = {
  begun: 'warn',
  done: 'good',
  failed: 'bad',
  refused: 'bad',
};

/** Who was at the kiosk itself with PIN and code, and what they had it do. */
export function TechniciansPanel({ records }: { records: readonly TechnicianRecord[] }) {
  return (
    <section class="card panel">
      <h2>{t('fleet.technicians')}</h2>
      {records.length === 0 && <p class="muted">{t('fleet.noTechnicians')}</p>}
      {records.length > 0 && (
        <Table
          caption={t('fleet.technicians')}
          rows={records}
          rowKey={(r) => r.id}
          columns={[
            { key: 'what', label: t('fleet.what'), heads: true, cell: (r) => t(`fleet.technicianWhat.${r.what}`) },
            {
              key: 'outcome',
              label: t('fleet.state'),
              cell: (r) => (
                <div>
                  <span class="badge" data-kind={TONE[r.outcome]}>
                    {t(`fleet.technicianOutcome.${r.outcome}`)}
                  </span>
                  {r.code !== null && (
                    <p class="muted small">
                      <bdi>
                        {codeWords(r.code.startsWith('update-') ? 'rollouts.reason' : 'fleet.technicianCode', r.code)}
                      </bdi>
                    </p>
                  )}
                </div>
              ),
            },
            { key: 'at', label: t('fleet.when'), figures: true, cell: (r) => <Moment at={r.at} /> },
            { key: 'who', label: t('fleet.who'), cell: (r) => <bdi>{r.name ?? t('fleet.nobodyKnown')}</bdi> },
          ]}
        />
      )}
    </section>
  );
}
