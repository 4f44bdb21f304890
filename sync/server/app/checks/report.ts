import { sql } from 'kysely';
import type { CheckReport } from '../../../protocol/api/checks.ts';
import { SERVER_BUILD } from '../../platform/build-name.ts';
import type { Db } from '../../platform/database/schema.ts';
import { knownReplicas, runningReplicas } from '../../platform/keys/versions.ts';
import type { Config } from '../config.ts';
import { openBrokerTrial } from '../mqtt/brokers.ts';
import { CHECKS, OUTCOMES } from './all.ts';
import { INSTALLATION } from './attention.ts';
import { type Examined, examine, type Finding, findingOf, type Opened, SECOND_MS, type Subject } from './check.ts';
import { brokerCheck } from './reach.ts';

type Found = Finding & { readonly replica?: string };

/** Result of one check. */
interface Looked extends Examined {
  readonly check: string;
  readonly findings: readonly Found[];
}

const LIMIT_MS = 60 * SECOND_MS;

/** Runs all checks on an open database, also within a running server. */
export async function examineAll(o: Omit<Subject, 'broker'> & { readonly open: Opened }): Promise<CheckReport> {
  const { config, open } = o;
  const { db } = open;
  const own = config.mqtt.replica;
  const live = runningReplicas(await knownReplicas(db));
  const kept = await keptFindings(db);
  // A second connection to a broker under its name would end the running replica's.
  const running = live.some(({ name }) => name === own);
  const trial = running ? null : await openBrokerTrial(config.mqtt, open.keyring, o.now());
  try {
    const subject: Subject = { ...o, broker: trial };
    const found = await Promise.all(
      CHECKS.map(async (one): Promise<Looked> => {
        const kept_ =
          one === brokerCheck && running ? kept.filter((f) => f.replica === own && f.check === one.name) : null;
        const ours: Examined = kept_
          ? { findings: kept_.map(({ replica: _, ...f }) => f) }
          : await examine(one, subject, LIMIT_MS);
        const others = kept.filter(
          (f) => f.check === one.name && f.replica !== own && live.some(({ name }) => name === f.replica),
        );
        return { check: one.name, remark: ours.remark, findings: [...ours.findings, ...others] };
      }),
    );
    return reportOf(config, found);
  } finally {
    await trial?.close();
  }
}

/** Returns findings that running servers stored recently. */
async function keptFindings(db: Db): Promise<(Found & { readonly replica: string })[]> {
  const { rows } = await sql<{ replica: string; code: string; detail: string | null; age: number }>`
    select replica, code, detail, extract(epoch from now() - seen_at)::int as age from server_finding
    where replica <> ${INSTALLATION} and seen_at > now() - interval '2 minutes' order by replica, code`.execute(db);
  return rows.flatMap(({ replica, code, detail, age }) => {
    const one = CHECKS.find(({ outcomes }) => Object.hasOwn(outcomes, code));
    const seen = `seen by the running server ${age} s ago`;
    return one ? [{ ...findingOf(one, { code, detail: detail ? `${detail} (${seen})` : seen }), replica }] : [];
  });
}

/** Runs the checks that need no database, and adds what is known about why there is none. */
export async function withoutDatabase(config: Config, known: readonly Finding[]): Promise<CheckReport> {
  const subject: Subject = { config, now: () => new Date(), open: null, broker: null };
  const inspected = CHECKS.filter((one) => one.withoutDatabase && one !== brokerCheck);
  const looked = CHECKS.map(async (one): Promise<Looked> => {
    const findings = known.filter(({ check }) => check === one.name);
    const found = inspected.includes(one) ? await examine(one, subject, LIMIT_MS) : { findings: [], remark: null };
    return { ...found, check: one.name, findings: [...findings, ...found.findings] };
  });
  return reportOf(config, await Promise.all(looked));
}

function reportOf(config: Config, looked: readonly Looked[]): CheckReport {
  const { database } = config;
  return {
    ok: looked.every(({ findings }) => findings.every(({ level }) => level === 'note')),
    build: SERVER_BUILD,
    home: config.home,
    database: database ? `${database.host}:${database.port}/${database.database}` : 'embedded',
    checks: looked.map(({ check, remark, findings }) => {
      const has = (level: Finding['level']) => findings.some((f) => f.level === level);
      const well = remark === null ? 'not-checked' : 'ok';
      const state = has('stops') ? 'failing' : has('degrades') ? 'degraded' : has('note') ? 'note' : well;
      return { check, state, remark: remark ?? null, findings: findings.map(reportedFinding) };
    }),
  };
}

function reportedFinding({ code, level, detail, replica }: Found): CheckReport['checks'][number]['findings'][number] {
  const { says, next } = OUTCOMES[code]!;
  return { code, level, says, next, detail: detail ?? null, replica: replica ?? null };
}
