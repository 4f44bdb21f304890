/**
 * The layering table of ARCHITECTURE.md, as rules. A folder may import what its row names and nothing else of ours;
 * tests (*.test.ts beside the code, and test/) may import anything.
 */
const OURS = '^(electron|models|renderer|sync|build|test)/';
const TEST = '\\.test\\.tsx?$';

const row = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from, pathNot: TEST },
  to: { path: OURS, pathNot: [from, ...allowed] },
});

/** Layers of the server, and which feature may import which other. */
const BELOW_SERVER = ['^sync/disk/', '^sync/errors/', '^sync/protocol/', '^models/'];
const CONFIG = '^sync/server/app/config\\.ts$';
const FEATURES = {
  attendance: [],
  attention: [],
  audit: [],
  backup: ['privacy'],
  demo: ['fleet', 'privacy'],
  embedders: [],
  enrolment: ['embedders', 'privacy'],
  fleet: [],
  portal: ['attendance', 'audit', 'enrolment', 'privacy'],
  privacy: ['audit'],
  reenrolment: [],
  reports: ['attendance'],
  webhooks: [],
};
const floor = (name, below) =>
  row(`server-${name}`, `^sync/server/${name}/`, [
    ...BELOW_SERVER,
    CONFIG,
    ...below.map((other) => `^sync/server/${other}/`),
  ]);

/** Folders of the kiosk core, and which other each may import. All may use the files beside them that are for everybody. */
const CORE = {
  checkin: ['checkin-methods', 'devices', 'pin', 'site', 'store'],
  'checkin-methods': ['checkin', 'pin', 'site', 'staff', 'store'],
  commands: ['checkin', 'enrolment', 'joining', 'site', 'staff', 'store', 'sync', 'update'],
  control: ['staff', 'store'],
  devices: ['store'],
  diagnostics: ['devices', 'retention', 'staff', 'status', 'store', 'sync'],
  enrolment: ['checkin', 'checkin-methods', 'pin', 'retention', 'site', 'staff', 'store'],
  evacuation: ['site', 'staff', 'store'],
  fleet: ['leaving', 'site', 'store', 'sync'],
  joining: ['keys', 'site', 'staff', 'store', 'sync'],
  keys: [],
  leaving: ['keys', 'site', 'store', 'sync'],
  pin: ['store'],
  printing: ['staff'],
  retention: ['pin', 'store'],
  roster: ['checkin', 'store'],
  serving: [],
  site: ['devices'],
  staff: ['pin', 'store'],
  statistics: ['store'],
  status: ['checkin', 'fleet', 'retention', 'site', 'staff', 'store'],
  store: ['keys', 'pin', 'vault'],
  sync: ['retention', 'roster', 'site', 'store'],
  technician: ['retention', 'staff', 'store', 'sync', 'update'],
  update: ['store'],
  vault: ['keys'],
};
const CORE_SHARED =
  '^electron/core/(command|interface|kept-json|mutex|number-keys|open-kiosk|provision|runtime|version)\\.ts$';
const BELOW_CORE = [
  '^electron/contract/',
  '^models/',
  '^sync/disk/',
  '^sync/edge/',
  '^sync/errors/',
  '^sync/protocol/',
];

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    row('models-rules', '^models/rules/', []),
    row('models-node', '^models/node/', ['^models/rules/', '^sync/errors/']),
    row('sync-disk', '^sync/disk/', []),
    row('sync-errors', '^sync/errors/', ['^sync/disk/']),
    row('sync-protocol', '^sync/protocol/', ['^sync/errors/']),
    row('sync-edge', '^sync/edge/', ['^sync/disk/', '^sync/errors/', '^sync/protocol/']),
    floor('platform', []),
    floor('core', ['platform']),
    ...Object.entries(FEATURES).map(([name, others]) =>
      floor(`features/${name}`, ['platform', 'core', ...others.map((other) => `features/${other}`)]),
    ),
    floor('features', ['platform', 'core', 'features']),
    floor('app', ['platform', 'core', 'features']),
    row('sync-server', '^sync/server/', BELOW_SERVER),
    {
      name: 'server-configuration-is-handed-down',
      severity: 'error',
      // Its settings come from every layer; the layers name its type, and get it as a parameter.
      from: { path: '^sync/server/(platform|core|features)/', pathNot: TEST },
      to: { path: CONFIG, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'every-feature-is-in-the-table',
      severity: 'error',
      from: { path: `^sync/server/features/(?!(${Object.keys(FEATURES).join('|')})/)` },
      to: {},
    },
    row('electron-contract', '^electron/contract/', ['^sync/protocol/wire/']),
    row('electron-core', '^electron/core/', BELOW_CORE),
    ...Object.entries(CORE).map(([name, others]) =>
      row(`core-${name}`, `^electron/core/${name}/`, [
        ...BELOW_CORE,
        CORE_SHARED,
        ...others.map((other) => `^electron/core/${other}/`),
      ]),
    ),
    {
      name: 'every-folder-of-the-core-is-in-the-table',
      severity: 'error',
      from: { path: `^electron/core/(?!(${Object.keys(CORE).join('|')})/)[^/]+/` },
      to: {},
    },
    row('electron-host-browser', '^electron/host-browser/', [
      '^electron/contract/',
      '^electron/core/',
      '^sync/disk/',
      '^sync/edge/update/',
      '^sync/errors/',
      '^sync/protocol/wire/',
    ]),
    row('electron-host-electron', '^electron/host-electron/', [
      '^electron/contract/',
      '^electron/core/',
      '^sync/disk/',
      '^sync/errors/',
    ]),
    row('renderer', '^renderer/', ['^models/rules/', '^electron/contract/', '^sync/protocol/(api|wire)/']),
    row('build', '^build/(?!tables/)', ['^models/rules/', '^sync/disk/', '^sync/errors/', '^sync/protocol/']),
    row('build-tables', '^build/tables/', ['^sync/server/platform/database/']),
    row('nothing-imports-the-command-line', '^(models|sync|renderer|build)/', [
      '^(models|sync|renderer|build)/',
      '^electron/contract/',
    ]),
    {
      name: 'what-ships-imports-no-test',
      severity: 'error',
      // `sp bench` measures a checkout.
      from: { path: '^(electron|models|renderer|sync|build)/', pathNot: [TEST, '^electron/cli/program\\.ts$'] },
      to: { path: '^test/' },
    },
    {
      name: 'only-the-electron-host-imports-electron',
      severity: 'error',
      from: { pathNot: ['^electron/host-electron/', TEST, '^test/'] },
      to: { path: 'node_modules/electron/' },
    },
    {
      name: 'screens-carry-no-catalogue-of-errors',
      severity: 'error',
      // They have their own words, in every language; the catalogue would double what they load first.
      from: { path: '^(electron/contract|renderer|sync/protocol/(wire|api))/', pathNot: TEST },
      to: { path: '^sync/errors/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'rules-and-screens-run-in-a-browser',
      severity: 'error',
      from: { path: '^(models/rules|electron/contract|renderer|sync/protocol/(wire|api))/', pathNot: TEST },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|test/artefacts)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'require', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
