import type { StaffRecord } from '../../../../sync/protocol/api/fleet.ts';
import { Badge } from '../../../shared/web/pieces.tsx';
import { t } from '../../i18n.ts';
import { codeLabel, staffByLabel } from '../../parts/labels.ts';
import { Moment } from '../../parts/moment.tsx';
import { Table } from '../../parts/table.tsx';

const TONE: Readonly<Record<StaffRecord['outcome'], string>> = {
  started: 'warn',
  done: 'good',
  failed: 'bad',
  refused: 'bad',
};

/** Who of the staff was at the kiosk itself, and what they did there. */
export function StaffLogPanel({ records }: { records: readonly StaffRecord[] }) {
  return (
    <section class="card panel">
      <h2>{t('fleet.staff')}</h2>
      {records.length === 0 && <p class="muted">{t('fleet.noStaff')}</p>}
      {records.length > 0 && (
        <Table
          caption={t('fleet.staff')}
          rows={records}
          rowKey={(r) => r.id}
          columns={[
            {
              label: t('fleet.what'),
              heads: true,
              cell: (r) => (
                <>
                  {codeLabel('fleet.staffWhat', r.what)}
                  {r.member !== null && (
                    <p class="muted small">
                      <bdi>{r.member}</bdi>
                    </p>
                  )}
                </>
              ),
            },
            {
              label: t('fleet.state'),
              cell: (r) => (
                <div>
                  <Badge kind={TONE[r.outcome]}>{t(`fleet.staffOutcome.${r.outcome}`)}</Badge>
                  {r.code !== null && (
                    <p class="muted small">
                      <bdi>
                        {codeLabel(r.code.startsWith('update-') ? 'rollouts.reason' : 'fleet.staffCode', r.code)}
                      </bdi>
                    </p>
                  )}
                </div>
              ),
            },
            { label: t('fleet.when'), numeric: true, cell: (r) => <Moment at={r.at} /> },
            { label: t('fleet.who'), cell: (r) => <bdi>{staffByLabel(r.by)}</bdi> },
          ]}
        />
      )}
    </section>
  );
}
