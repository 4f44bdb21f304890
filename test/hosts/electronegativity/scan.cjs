// Runs Electronegativity on a folder and prints its findings as one line of JSON. A process of its own, and its runner
// instead of its command line: that one needs an old `commander` which it does not bring along, and offline its
// look-up of Electron's releases fails after the result is there. That look-up is answered at once here: its retries end
// the process on a slow machine.
require.cache[require.resolve('got', { paths: [require.resolve('@doyensec/electronegativity/dist/runner.js')] })] = {
  exports: () => Promise.reject(new Error('no network in tests')),
};
const run = require('@doyensec/electronegativity/dist/runner.js');

run({ input: process.argv[2], electronVersionOverride: process.argv[3], isRelative: true }).then(
  ({ atomicChecks, globalChecks, errors, issues }) => {
    const found = issues.map((i) => ({
      id: i.id,
      file: i.file,
      line: i.location.line,
      severity: i.severity.name,
      description: i.description,
    }));
    process.stdout.write(`\n${JSON.stringify({ checks: atomicChecks + globalChecks, errors, found })}\n`, () =>
      process.exit(0),
    );
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
